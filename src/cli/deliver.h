// From a finished profile to the file that the user asked for, and to the summary on the terminal.
#pragma once

#include <string>
#include <string_view>

#include "gilspy/profile.h"
#include "gilspy/result.h"
#include "options.h"

namespace gilspy::cli {

// The path to write to: that of the options, or one that is made up from `stem` and not taken yet. Asked before minutes
// are spent on a recording that could not be kept. Errors: kCannotWrite.
Result<std::string> choose_output(const OutputOptions& options, const std::string& stem);
// The same for a path as it was asked for, maybe empty.
Result<std::string> choose_output(const std::string& asked, std::string_view extension, const std::string& stem);

enum class SummaryTo {
  kStdout,  // unless the data go there
  kStderr,
};

// Renders and writes the profile, prints the summary; the exit status.
int deliver(const Profile& profile, const OutputOptions& options, const std::string& path, SummaryTo summary);
// The part of it behind writing.
int conclude(const Profile& profile, const Result<void>& written, const std::string& path, SummaryTo summary);

}  // namespace gilspy::cli
