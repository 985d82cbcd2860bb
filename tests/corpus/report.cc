#include "tests/corpus/report.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "fmt/format.h"
#include "tests/corpus/definition_text.h"

namespace skald::corpus {
namespace {

constexpr std::size_t kCausesMax = 25;       // of the table
constexpr std::size_t kShownBytesMax = 700;  // characters of one side of a difference
constexpr int kSamePercentMin = 99;

std::string Cut(const std::string& text) {
  if (text.size() <= kShownBytesMax) return text;
  return text.substr(0, kShownBytesMax) + "…";
}

struct Counts {
  int same = 0;
  int explained = 0;
  int different = 0;
  int refused = 0;

  void Add(const Verdict& verdict) {
    if (verdict.IsSame()) {
      ++same;
    } else if (verdict.open.empty()) {
      ++explained;
    } else if (verdict.IsRefused()) {
      ++refused;
    } else {
      ++different;
    }
  }
  int Total() const { return same + explained + different + refused; }
};

void PrintDifferences(const Verdict& verdict, std::ostream& out) {
  if (verdict.IsRefused()) {
    out << fmt::format("REFUSED   {}\n          {}\n", verdict.theirs->id,
                       Cut(verdict.open.front().ours));
    return;
  }
  out << fmt::format("DIFFERS   {}\n", verdict.theirs->id);
  for (const Difference& difference : verdict.open) {
    out << fmt::format("          {}: theirs {} | ours {}\n", difference.part,
                       Cut(difference.theirs), Cut(difference.ours));
  }
}

void PrintStepTypes(const Judgement& judgement, std::ostream& out) {
  std::map<std::string, Counts> by_type;
  for (const Verdict& verdict : judgement.verdicts) {
    for (const std::string& type : StepTypes(verdict.theirs->definition)) {
      by_type[type].Add(verdict);
    }
  }
  out << fmt::format("\n{:<24} {:>11} {:>6} {:>9} {:>7} {:>7}\n", "step type", "definitions",
                     "same", "explained", "differ", "refused");
  for (const auto& [type, counts] : by_type) {
    out << fmt::format("{:<24} {:>11} {:>6} {:>9} {:>7} {:>7}\n", type, counts.Total(), counts.same,
                       counts.explained, counts.different, counts.refused);
  }
}

struct Cause {
  int count = 0;
  std::string example;
};

void PrintTable(const std::string& title, const std::map<std::string, Cause>& causes,
                std::ostream& out) {
  if (causes.empty()) return;
  std::vector<std::pair<std::string, Cause>> sorted(causes.begin(), causes.end());
  std::ranges::stable_sort(sorted, std::greater<>{},
                           [](const auto& entry) { return entry.second.count; });
  out << "\n" << title << "\n";
  for (std::size_t i = 0; i < sorted.size() && i < kCausesMax; ++i) {
    out << fmt::format("{:>5}  {}   (such as {})\n", sorted[i].second.count, sorted[i].first,
                       sorted[i].second.example);
  }
  if (sorted.size() > kCausesMax)
    out << fmt::format("       {} more\n", sorted.size() - kCausesMax);
}

void PrintCauses(const Judgement& judgement, std::ostream& out) {
  std::map<std::string, Cause> refusals;
  std::map<std::string, Cause> parts;
  for (const Verdict& verdict : judgement.verdicts) {
    std::set<std::string> seen;
    for (const Difference& difference : verdict.open) {
      const bool is_refusal = verdict.IsRefused();
      const std::vector<std::string> names =
          is_refusal ? CausesOf(difference.ours) : std::vector<std::string>{difference.part};
      for (const std::string& name : names) {
        if (!seen.insert(name).second) continue;
        Cause& cause = is_refusal ? refusals[name] : parts[name];
        if (cause.count++ == 0) cause.example = verdict.theirs->id;
      }
    }
  }
  PrintTable("refused, by cause (a definition may have several)", refusals, out);
  PrintTable("different, by part", parts, out);
}

Counts CountAll(const Judgement& judgement) {
  Counts counts;
  for (const Verdict& verdict : judgement.verdicts) counts.Add(verdict);
  return counts;
}

bool IsRegistrationSame(const Verdict& verdict) {
  const auto is_registration = [](const Difference& each) { return each.part == "register"; };
  return std::ranges::none_of(verdict.open, is_registration) &&
         std::ranges::none_of(verdict.explained, is_registration);
}

}  // namespace

bool Verdict::IsRefused() const {
  return !open.empty() && open.front().part == "register" && theirs->reference.registered;
}

bool Judgement::Holds() const {
  const Counts counts = CountAll(*this);
  constexpr int kWhole = 100;
  return stale.empty() && counts.different == 0 && counts.refused == 0 && counts.Total() > 0 &&
         counts.same * kWhole >= counts.Total() * kSamePercentMin &&
         std::ranges::all_of(verdicts, IsRegistrationSame);
}

Judgement Judge(const std::vector<Case>& cases, const std::vector<Outcome>& ours,
                const std::vector<AcceptedDifference>& accepted) {
  Judgement judgement;
  std::vector<bool> is_seen(accepted.size(), false);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Verdict verdict{.theirs = &cases[i]};
    for (const Difference& difference : Compare(cases[i], ours[i])) {
      const auto found = std::ranges::find_if(accepted, [&](const AcceptedDifference& entry) {
        return entry.definition == cases[i].id && entry.difference == difference;
      });
      (found == accepted.end() ? verdict.open : verdict.explained).push_back(difference);
      if (found != accepted.end()) {
        is_seen[static_cast<std::size_t>(found - accepted.begin())] = true;
      }
    }
    judgement.verdicts.push_back(std::move(verdict));
  }
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    if (!is_seen[i] && !accepted[i].sometimes) judgement.stale.push_back(accepted[i]);
  }
  return judgement;
}

std::vector<std::string> CausesOf(const std::string& error) {
  static const std::regex quoted(R"('[^']*'|"[^"]*"|\$\{[^}]*\})");
  static const std::regex mistake(R"((; |: )(?=[A-Za-z]+[A-Za-z0-9_\[\].]*: ))");
  static const std::regex place(R"(^([A-Za-z0-9_.\[\]]*?)([A-Za-z0-9_]+)(\[[0-9]+\])*: )");
  std::vector<std::string> causes;
  // A mistake begins with its place, "tasks[2].inputParameters.x: "; what stands before the first
  // one only says that there are some.
  std::sregex_token_iterator piece(error.begin(), error.end(), mistake, -1);
  const std::sregex_token_iterator end;
  for (++piece; piece != end; ++piece) {
    const std::string text = std::regex_replace(piece->str(), quoted, "'…'");
    std::smatch match;
    if (!std::regex_search(text, match, place)) continue;
    std::string name = match[2];
    for (const char* map : {"inputParameters", "outputParameters"}) {
      if (match[1].str().find(map) != std::string::npos) name = map;
    }
    causes.push_back(fmt::format("{}: {}", name, match.suffix().str()));
  }
  if (causes.empty()) causes.push_back(error);
  return causes;
}

void Print(const Judgement& judgement, std::ostream& out) {
  for (const Verdict& verdict : judgement.verdicts) {
    if (!verdict.open.empty()) PrintDifferences(verdict, out);
  }
  for (const AcceptedDifference& entry : judgement.stale) {
    out << fmt::format("STALE     {}: the accepted difference in {} does not occur\n",
                       entry.definition, entry.difference.part);
  }
  PrintStepTypes(judgement, out);
  PrintCauses(judgement, out);
  const Counts counts = CountAll(judgement);
  constexpr double kWhole = 100.0;
  out << fmt::format(
      "\ncorpus: {} definitions: {} as on the reference ({:.1f} %), {} explained, {} differ, {} "
      "refused; {} accepted differences are stale: {}\n",
      counts.Total(), counts.same,
      counts.Total() == 0 ? 0.0 : kWhole * counts.same / counts.Total(), counts.explained,
      counts.different, counts.refused, judgement.stale.size(),
      judgement.Holds() ? "the rule holds" : "the rule does NOT hold");
}

}  // namespace skald::corpus
