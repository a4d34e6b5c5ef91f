#include "not_yet.h"

#include <CLI/CLI.hpp>

namespace gilspy::cli {
namespace {

constexpr const char* kHidden = "";  // the group of options that --help does not list

}  // namespace

void NotYet::add_subprocesses(CLI::App& app) { app.add_flag("-s,--subprocesses", subprocesses_)->group(kHidden); }
void NotYet::add_core(CLI::App& app) { app.add_option("-c,--core", core_)->group(kHidden); }

std::string NotYet::complaint() const {
  if (subprocesses_) return "dump shows one process: --subprocesses is for record";
  if (!core_.empty()) return "--core is not there yet: gilspy reads running processes";
  return {};
}

}  // namespace gilspy::cli
