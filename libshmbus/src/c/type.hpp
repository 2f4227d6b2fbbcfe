#pragma once

#include <cstdint>

#include "shmbus/shmbus.h"
#include "shmbus/type_fields.hpp"
#include "shmbus/type_info.hpp"

namespace shmbus::c {

/// A type as a C program describes it. *Throws* Error where it describes none.
class GivenType {
 public:
  /// NULL: raw bytes.
  explicit GivenType(const shmbus_type* type);
  GivenType(const GivenType&) = delete;
  GivenType& operator=(const GivenType&) = delete;
  /// Refers to this and to the program's texts.
  const TypeInfo& info() const noexcept { return info_; }

 private:
  detail::FieldList fields_;
  TypeInfo info_{};
};

}  // namespace shmbus::c
