// The functions of JSONPath, with the results that Jayway gives: aggregates are doubles, as Java
// writes them ("6.0").
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "engine/core/json_number.h"
#include "engine/core/json_path_run.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"

namespace skald::core {
namespace {

struct Numbers {
  double count = 0;
  double sum = 0;
  double sum_of_squares = 0;
  double min = 0;
  double max = 0;
};

Numbers Gather(std::string_view value, PathWork& work) {
  Numbers numbers;
  if (KindOf(value) != JsonKind::kArray) return numbers;
  for (JsonWalk walk(value); walk.Next() && work.Spend(walk.value().size());) {
    if (KindOf(walk.value()) != JsonKind::kNumber) continue;
    const double number = DoubleOf(walk.value());
    numbers.min = numbers.count == 0 ? number : std::min(numbers.min, number);
    numbers.max = numbers.count == 0 ? number : std::max(numbers.max, number);
    numbers.count += 1;
    numbers.sum += number;
    numbers.sum_of_squares += number * number;
  }
  return numbers;
}

double Aggregate(PathFunction function, const Numbers& numbers) {
  switch (function) {
    case PathFunction::kMin:
      return numbers.min;
    case PathFunction::kMax:
      return numbers.max;
    case PathFunction::kSum:
      return numbers.sum;
    case PathFunction::kStddev: {
      const double mean = numbers.sum / numbers.count;
      return std::sqrt(std::max(0.0, numbers.sum_of_squares / numbers.count - mean * mean));
    }
    default:
      return numbers.sum / numbers.count;
  }
}

// Of maps and lists; null of everything else.
std::string Length(std::string_view value, PathWork& work) {
  const JsonKind kind = KindOf(value);
  if (kind != JsonKind::kArray && kind != JsonKind::kObject) return "null";
  std::int64_t length = 0;
  for (JsonWalk walk(value); walk.Next() && work.Spend(walk.value().size());) ++length;
  std::string text;
  AppendJsonInteger(text, length);
  return text;
}

std::string Keys(std::string_view value, PathWork& work) {
  if (KindOf(value) != JsonKind::kObject) return "null";
  std::string keys = "[";
  for (JsonWalk walk(value); walk.Next() && work.Spend(walk.value().size());) {
    if (keys.size() > 1) keys.push_back(',');
    keys.append("\"").append(walk.raw_key()).append("\"");
  }
  keys.push_back(']');
  return keys;
}

}  // namespace

std::optional<std::string_view> CallFunction(PathFunction function, std::string_view value,
                                             PathWork& work) {
  if (function == PathFunction::kLength) return work.Keep(Length(value, work));
  if (function == PathFunction::kKeys) return work.Keep(Keys(value, work));
  const Numbers numbers = Gather(value, work);
  if (numbers.count == 0) return std::nullopt;
  const double result = Aggregate(function, numbers);
  if (!std::isfinite(result)) return std::nullopt;
  std::string text;
  AppendJavaDouble(text, result);
  return work.Keep(std::move(text));
}

}  // namespace skald::core
