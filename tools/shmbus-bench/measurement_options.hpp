#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace shmbus::bench {

// Options that several measurements have. The value given is the default.
CLI::Option* add_size_option(CLI::App& app, std::size_t& size);
CLI::Option* add_sizes_option(CLI::App& app, std::vector<std::size_t>& sizes);
CLI::Option* add_touch_option(CLI::App& app, std::string& touch);
CLI::Option* add_batch_option(CLI::App& app, std::size_t& batch);

}  // namespace shmbus::bench
