#include "not_yet.h"

#include <CLI/CLI.hpp>

namespace gilspy::cli {
namespace {

constexpr const char* kHidden = "";  // the group of options that --help does not list

}  // namespace

void NotYet::add_subprocesses(CLI::App& app) { app.add_flag("-s,--subprocesses", subprocesses_)->group(kHidden); }
void NotYet::add_locals(CLI::App& app) { app.add_flag("-l,--locals", locals_)->group(kHidden); }

std::string NotYet::complaint() const {
  if (subprocesses_) return "dump shows one process: --subprocesses is for record";
  if (locals_) return "--locals is not there yet: frames are shown without their variables";
  return {};
}

}  // namespace gilspy::cli
