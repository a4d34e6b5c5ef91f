// What gilspy does: one function a command, each in a file of its name. They return the exit status.
#pragma once

#include "options.h"

namespace gilspy::cli {

int run(const RecordOptions& options);
int run(const ReportOptions& options);
int run(const CheckOptions& options);
int run(const DiffOptions& options);
int run(const DumpOptions& options);
int run(const TopOptions& options);
int run(const CompletionsOptions& options);
inline int run(const Exit& exit) { return exit.code; }

}  // namespace gilspy::cli
