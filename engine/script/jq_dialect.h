// JqDialect: what the reference's jq (jackson-jq) takes and libjq does not: operators in the values
// of an object without parentheses, `{a: .b // 1}`.
//
// Pure, thread-safe. Source: conductor.md 2.18.
#pragma once

#include <string>
#include <string_view>

namespace skald::script {

// The program with every value of an object construction in parentheses: `{a: (.b // 1)}`.
// Destructuring patterns (`. as {a: $x}`) stay as they are. Any text is accepted; of one that is no
// jq the result is none either.
std::string ParenthesizeValues(std::string_view program);

}  // namespace skald::script
