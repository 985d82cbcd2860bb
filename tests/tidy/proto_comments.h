// The rule about what the .proto files say: they are the manual of everyone who writes a client.
#pragma once

#include "tests/tidy/source_file.h"

namespace skald::tidy {

// Every service, call, message, enum, field and value of proto/skald/ has a comment: on the line
// above, or beside it. Of several on one line, only the first has the line above.
Findings CheckProtoComments(const SourceFile& file);

}  // namespace skald::tidy
