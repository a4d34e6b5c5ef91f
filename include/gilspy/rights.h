// platform: what gilspy itself may do, and how it gives up what it does not need.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "gilspy/ids.h"

namespace gilspy::platform {

// Of Linux's capabilities those that gilspy may have a use for; the numbers are those of <linux/capability.h>.
enum class Capability : std::uint8_t {
  kChown = 0,
  kDacOverride = 1,
  kDacReadSearch = 2,
  kFowner = 3,
  kKill = 5,
  kSysPtrace = 19,
  kCheckpointRestore = 40,
};
std::string_view name(Capability capability);  // "CAP_SYS_PTRACE"

// Any of them, also those without a name here.
class CapabilitySet {
 public:
  constexpr CapabilitySet() = default;
  explicit constexpr CapabilitySet(std::uint64_t bits) : bits_(bits) {}
  constexpr CapabilitySet(std::initializer_list<Capability> capabilities) {
    for (const Capability one : capabilities) bits_ |= std::uint64_t{1} << static_cast<unsigned>(one);
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has(Capability one) const { return (bits_ >> static_cast<unsigned>(one) & 1) != 0; }
  constexpr bool contains(CapabilitySet others) const { return (others.bits_ & ~bits_) == 0; }
  constexpr CapabilitySet with(CapabilitySet others) const { return CapabilitySet(bits_ | others.bits_); }
  constexpr CapabilitySet without(CapabilitySet others) const { return CapabilitySet(bits_ & ~others.bits_); }
  constexpr CapabilitySet both(CapabilitySet others) const { return CapabilitySet(bits_ & others.bits_); }
  bool operator==(const CapabilitySet&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

CapabilitySet held_capabilities();       // those of the calling thread (permitted)
CapabilitySet capabilities_of(Pid pid);  // the same of another process; none where nobody tells

// Makes the attempt on a thread that has no other capabilities than these: what it answers. False as well where there
// cannot be such a thread.
bool works_with(CapabilitySet capabilities, const std::function<bool()>& attempt);

struct RightsToKeep {
  CapabilitySet capabilities{};  // as far as they are held
  bool stops_threads = false;    // ptrace
  bool starts_programs = false;  // and lets them use the network
};
struct RightsLeft {
  CapabilitySet kept{};
  CapabilitySet given_up{};
  bool no_new_privileges = false;  // nothing that is executed can have more rights again
  bool filtered = false;           // the kernel refuses system calls that are not needed, with EPERM
};
// For good: of the calling thread and those that it starts later. Call it while there is no other. Children that exist
// by then keep what they have. It never fails: where the kernel lacks something (seccomp), the rest is done.
RightsLeft limit_rights(const RightsToKeep& keep);

bool belongs_to_another_user(Pid pid);  // than we are; false where nobody tells

// The program file is setuid or setgid: whoever starts it has rights that are not theirs.
bool lends_rights();

// A variable of the environment that names files or programs. Nothing: there is none, or whoever set it has less
// rights than we (AT_SECURE, of a program file with capabilities). Empty ones count as none.
std::string trusted_variable(const char* name);

// Files that are written belong to another user than we are: the one who ran sudo.
bool gives_files_away();

}  // namespace gilspy::platform
