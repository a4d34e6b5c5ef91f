// What cmake/fmt.cmake links with src/base/fmt_once.cpp to see whether that has all that gilspy uses.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::vector<int> numbers{1, 2, argc};
  const std::string text = argv[0];
  std::string out = fmt::format("{:>8.2f} {:e} {:g} {:L} {:#x} {}", 1.5, 2.5F, 3.5, argc, 17U, fmt::join(numbers, ", "));
  fmt::format_to(std::back_inserter(out), "{:*^10} {} {} {}", text, 'c', static_cast<const void*>(argv), true);
  out += fmt::format(fmt::runtime(text), 1) + fmt::to_string(2.5) + fmt::to_string(argc);
  fmt::print(stderr, "{}", out);
}
