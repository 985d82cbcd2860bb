#include "engine/core/json_number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"

namespace skald::core {

double DoubleOf(std::string_view number) {
  double value = 0;
  const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
  if (result.ec != std::errc::result_out_of_range) return value;
  const bool tiny = number.find("e-") != std::string_view::npos ||
                    number.find("E-") != std::string_view::npos || number.substr(0, 2) == "0." ||
                    number.substr(0, 3) == "-0.";
  if (tiny) return 0;
  const double infinity = std::numeric_limits<double>::infinity();
  return number.front() == '-' ? -infinity : infinity;
}

std::partial_ordering CompareNumbers(std::string_view a, std::string_view b) {
  const auto whole_a = IntegerOf(a);
  const auto whole_b = IntegerOf(b);
  if (whole_a.has_value() && whole_b.has_value()) return *whole_a <=> *whole_b;
  return DoubleOf(a) <=> DoubleOf(b);
}

void AppendJavaDouble(std::string& out, double number) {
  const double size = std::fabs(number);
  const bool plain = size == 0 || (size >= 1e-3 && size < 1e7);
  std::array<char, 40> buffer;
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t exponent = text.find('e');
  const std::string_view digits = text.substr(0, exponent);
  out.append(digits);
  if (digits.find('.') == std::string_view::npos) out.append(".0");
  if (exponent == std::string_view::npos) return;
  int power = 0;
  const char* from = text.data() + exponent + (text[exponent + 1] == '+' ? 2 : 1);
  std::from_chars(from, end, power);
  out.push_back('E');
  AppendJsonInteger(out, power);
}

}  // namespace skald::core
