#pragma once

#include <memory>

#include "c/type.hpp"
#include "shmbus/event.hpp"
#include "shmbus/typed_subscriber.hpp"

namespace shmbus::c {

/// The type whose values a subscriber wants, if any.
class WantedType {
 public:
  explicit WantedType(const shmbus_type* type);

  /// That of raw bytes where it wants all events.
  TypeInfo info() const noexcept { return {name_, size_, alignment_, layout_, fields_}; }
  bool any() const noexcept { return hash_ == TypeInfo::kRawBytes; }
  /// Whether it wants the event. Another one is counted and reported.
  bool take(const Event& event) const noexcept {
    if (any() || event.is(hash_, size_)) [[likely]]
      return true;
    detail::skip_mismatched(event, info());
    return false;
  }

 private:
  std::string name_, fields_;
  std::size_t size_ = 0, alignment_ = 0;
  std::uint64_t layout_ = 0, hash_ = TypeInfo::kRawBytes;
};

inline WantedType::WantedType(const shmbus_type* type) {
  const GivenType given(type);
  const TypeInfo& info = given.info();
  name_ = info.name;
  fields_ = info.fields;
  size_ = info.size;
  alignment_ = info.alignment;
  layout_ = info.layout;
  hash_ = info.hash();
}

}  // namespace shmbus::c
