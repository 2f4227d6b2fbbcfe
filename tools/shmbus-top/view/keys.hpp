#pragma once

#include "model/bus_list.hpp"
#include "model/session.hpp"
#include "view/screen.hpp"

namespace shmbus::top {

/// Performs the command of a key, or of a click on the frame.
void press(Session& session, const Frame& frame, const Screen::Key& key);
void press(BusList& buses, const Frame& frame, const Screen::Key& key);

}  // namespace shmbus::top
