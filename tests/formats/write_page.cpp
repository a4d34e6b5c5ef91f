// gilspy_write_page SCENARIO FILE.html: writes a page of timeline_scenarios.h, and to standard output its profile's
// stacks and blame in microseconds, as other formats fold them.
#include <fstream>
#include <functional>
#include <iostream>
#include <map>

#include "formats/stack_view/stack_view.h"
#include "gilspy/format.h"
#include "timeline_scenarios.h"

namespace gilspy {
namespace {

const std::map<std::string, std::function<Profile()>> kScenarios{
    {"turns", [] { return turns_timeline(8, 2.0); }},
    {"parallel", [] { return parallel_timeline(4, 2.0); }},
    {"churn", [] { return churn_timeline(1500); }},
    {"hostile", [] { return hostile_timeline(); }},
    {"minute", [] { return turns_timeline(8, 60.0); }},
    {"hour", [] { return turns_timeline(16, 1200.0); }},
    {"interpreters", interpreters_timeline},
    {"empty", [] { return serialized_profile(); }},
};

void print_folded(const Profile& profile) {
  for (const auto& [name, view] :
       {std::pair{"all", View::kAll}, {"held", View::kHeld}, {"wait", View::kWait}, {"blame", View::kBlame}}) {
    RenderOptions options;
    options.view = view;
    options.include_blocked = true;
    for (const stack_view::Line& line : stack_view::fold(profile, options)) {
      std::cout << name << '\t' << line.stack << '\t' << line.microseconds << '\n';
    }
  }
}

}  // namespace
}  // namespace gilspy

int main(int argc, char** argv) {
  using namespace gilspy;
  const auto scenario = argc == 3 ? kScenarios.find(argv[1]) : kScenarios.end();
  if (scenario == kScenarios.end()) {
    std::cerr << "usage: gilspy_write_page SCENARIO FILE.html\n";
    return 64;
  }
  const Profile profile = scenario->second();
  std::ofstream(argv[2], std::ios::binary) << formats::find("html")->render(profile, verdict::judge(profile), {});
  print_folded(profile);
}
