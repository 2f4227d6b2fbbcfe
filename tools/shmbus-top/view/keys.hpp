#pragma once

#include "model/bus_list.hpp"
#include "model/session.hpp"
#include "view/screen.hpp"

namespace shmbus::top {

/// Does what a key, or a click on that frame, asks for.
void press(Session& session, const Frame& frame, const Screen::Key& key);
void press(BusList& buses, const Frame& frame, const Screen::Key& key);

}  // namespace shmbus::top
