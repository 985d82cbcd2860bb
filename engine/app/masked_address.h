// MaskPassword: a database's address for people to see, without its password.
#pragma once

#include <string>

namespace skald::app {

// Stands where a password stood.
inline constexpr char kMaskedPassword[] = "********";

// `address` is what libpq takes: a URL or a connection string. Masked is what stands between user
// and host of a URL (postgresql://user:PASSWORD@host), and behind password= or sslpassword=, as a
// parameter of the URL or a keyword, quoted or not. Everything else stays as it is.
std::string MaskPassword(std::string address);

}  // namespace skald::app
