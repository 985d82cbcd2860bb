// Payload: an immutable JSON text, carried unread from the wire to the row.
//
// Copies are cheap and share the bytes. Immutable, thread-safe. Empty stands for an absent value
// (JSON null where a value is needed). Whoever makes one has checked that the text is JSON; nothing
// below parses it unless an expression reads into it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace skald::core {

class Payload {
 public:
  Payload() = default;
  // REQUIRES: `json` is a JSON text, or empty.
  explicit Payload(std::string json)
      : bytes_(json.empty() ? nullptr : std::make_shared<const std::string>(std::move(json))) {}

  bool empty() const { return bytes_ == nullptr; }
  std::size_t size() const { return bytes_ == nullptr ? 0 : bytes_->size(); }
  // The text; "" when absent.
  std::string_view text() const { return bytes_ == nullptr ? std::string_view() : *bytes_; }
  // The text; "null" when absent.
  std::string_view text_or_null() const { return empty() ? std::string_view("null") : text(); }

  friend bool operator==(const Payload& a, const Payload& b) { return a.text() == b.text(); }

 private:
  // Shared: the state, the event, the row being written and the message being sent all hold the
  // same bytes, on different threads.
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace skald::core
