// The parts of the page that are text: they can be read before any script has run, and without one.
#pragma once

#include <string>

#include "fit.h"
#include "gilspy/format.h"

namespace gilspy::html {

std::string title(const Profile& profile, const Verdict& verdict);
std::string heading(const Profile& profile, const Verdict& verdict);  // what happened, the cause, what would change
std::string key_numbers(const Profile& profile, const Verdict& verdict);
std::string verdict_section(const Profile& profile, const Verdict& verdict);  // whose fault, what to do, how sure
// `gathered`: threads that were put together with others
// The processes of a program; empty for one process.
std::string process_section(const Profile& program, const Verdict& verdict);
// Locks that threads waited for; empty: none.
std::string lock_section(const Profile& profile);
std::string loop_section(const Profile& profile);
std::string quality_section(const Profile& profile, const Fitted& data, std::size_t gathered);

}  // namespace gilspy::html
