// GraalText: the error of a script as the reference server words it, whose scripts run on GraalJS.
//
// Pure, thread-safe. Source: conductor.md 2.17.
#pragma once

#include <string>
#include <string_view>

namespace skald::script {

// `message`: as SpiderMonkey says it ("TypeError: $.urls is null"); `line`: where, from 1; 0 = not
// known. A property that was read of nothing is named as GraalJS does, when it stands in that line:
// "Error evaluating the script `TypeError: Cannot read property 'length' of null` at line 4".
std::string GraalText(std::string_view message, std::string_view source, unsigned line);

}  // namespace skald::script
