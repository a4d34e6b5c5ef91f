// A run of the recorder together with the file of a recording, where the format asks for one.
#pragma once

#include <string>

#include "attachment.h"
#include "deliver.h"
#include "options.h"
#include "recorder.h"

namespace gilspy::cli {

RecordingPlan plan_of(const RecordOptions& options);

// As record(); what is read is also written to `path`, if the format is one that is written meanwhile.
Result<Recorded> record_to(const std::string& path, Attachment& attachment, RecordingPlan plan,
                           const OutputOptions& output, const platform::StopFlag& stop);
Result<Recorded> record_to(const std::string& path, Followers& program, RecordingPlan plan, const OutputOptions& output,
                           const platform::StopFlag& stop);

// The file, unless it is there already, and the summary; the exit status.
int deliver(const Recorded& recorded, const OutputOptions& options, const std::string& path, SummaryTo summary);

}  // namespace gilspy::cli
