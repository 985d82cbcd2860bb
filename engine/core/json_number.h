// Numbers of JSON texts, as Java's readers and writers treat them.
//
// Pure, thread-safe.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace skald::core {

// The nearest double; beyond a double's range, infinity. REQUIRES: a JSON number.
double DoubleOf(std::string_view number);

// Exactly, as 64-bit integers, where both are such; else as doubles. REQUIRES: JSON numbers.
std::partial_ordering CompareNumbers(std::string_view a, std::string_view b);

// As Double.toString: "6.0", "0.25", "1.0E10". REQUIRES: finite.
void AppendJavaDouble(std::string& out, double number);

}  // namespace skald::core
