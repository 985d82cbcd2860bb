// The scripts that the bench evaluates, as they stand in a JSON string.
#pragma once

namespace skald::bench {

// Reads `list`, `name` and `customer.id` of its input.
inline constexpr char kSmallScript[] =
    "(function(){ var s = 0; for (const n of $.list) s += n;"
    " return {sum: s, name: $.name.toUpperCase(), id: $.customer.id}; })();";
// More members of the JSON object that is its input.
inline constexpr char kSmallScriptInput[] =
    R"("list":[1,2,3,4,5],"name":"order","customer":{"id":4711,"tags":["a","b"]})";

// Ends at the limit of time, or of memory.
inline constexpr char kLoopScript[] = "while(true){}";
inline constexpr char kBombScript[] = "var a=[]; for(;;) a.push({x:a.length})";

}  // namespace skald::bench
