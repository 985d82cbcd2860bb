// JSON in the form that expected.jsonl keeps (README.md of the corpus): what differs from run to
// run is replaced by a name, and long values by a digest.
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace skald::corpus {

// The text that Python's json.dumps(value, sort_keys=True) gives.
std::string SortedText(const boost::json::value& value);

// UUIDs (with a task number behind them) become <id>, epoch milliseconds <ts>, ISO times <time>,
// host:port of a loopback address <host>; in every text and number of the value.
boost::json::value WithoutChance(const boost::json::value& value);
std::string WithoutChance(std::string_view text);

// The value itself, or "sha1:" and 16 hexadecimal digits when its text is longer than 600
// characters.
boost::json::value Shortened(const boost::json::value& value);

// Equal as JSON: the order of members and the way a number is written do not count.
bool IsSame(const boost::json::value& left, const boost::json::value& right);

// The string member `key`; empty when there is none or it is no string.
std::string TextOf(const boost::json::object& object, std::string_view key);

}  // namespace skald::corpus
