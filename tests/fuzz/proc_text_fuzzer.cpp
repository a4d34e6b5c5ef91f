// Files of /proc: any process can put bytes of its own into them (its name, its arguments, names of files).
#include "input.h"
#include "platform/linux/proc_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gilspy;
  using namespace gilspy::platform;
  const std::string_view text = fuzz::Input(data, size).rest_as_text();
  for (const Mapping& mapping : parse_maps(text)) fuzz::require(mapping.begin < mapping.end);
  if (const auto facts = parse_syscall(text); facts && facts->state == SyscallFacts::State::kInSyscall) {
    fuzz::require(facts->number >= 0);
  }
  parse_schedstat(text);
  if (const auto facts = parse_stat(text)) fuzz::require(facts->name.size() < text.size());
  fuzz::require(parse_numbers(text).size() <= text.size());
  fuzz::require(parse_command(text).size() <= text.size());
  for (const std::string_view key : {"State", "NSpid", "Uid", ""}) status_value(text, key);
  parse_hex(text);
  parse_decimal(text);
  fuzz::require(without_deleted_mark(text).size() <= text.size());
  return 0;
}
