// Options that other profilers have and gilspy has not, yet: whoever types them is told so.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace gilspy::cli {

class NotYet {
 public:
  void add_subprocesses(CLI::App& app);
  void add_core(CLI::App& app);

  // About the first of them that was given; empty when none was.
  std::string complaint() const;

 private:
  bool subprocesses_ = false;
  std::string core_;
};

}  // namespace gilspy::cli
