// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gilspy/check.h"
#include "gilspy/comparison_format.h"
#include "gilspy/format.h"
#include "gilspy/ids.h"
#include "gilspy/sampler.h"

namespace gilspy::cli {

// What becomes of the profile of a recording.
struct OutputOptions {
  std::string path;  // empty: make a name up; "-": standard output
  const Format* format = nullptr;
  RenderOptions render;
  Nanos loop_threshold = kLongCallback;  // see Profile
};

struct RecordOptions {
  Pid pid{};                         // to attach to; not if there is a command
  std::vector<std::string> command;  // to launch
  OutputOptions output;
  std::optional<Nanos> duration;
  double rate_hz = 1000;       // 0: as fast as possible
  double gil_rate_hz = 10000;  // looks at the GIL alone between ticks; 0: none
  Stopping stopping = Stopping::kNever;
  AsyncTasks tasks = AsyncTasks::kNone;
  NativeFrames native = NativeFrames::kNone;
  bool subprocesses = false;  // all that the process starts as well
  bool verbose = false;       // says which rights are kept

  bool launches() const { return !command.empty(); }
};

struct ReportOptions {
  std::string recording;
  OutputOptions output;
};

struct CheckOptions {
  std::string recording;
  std::string config;       // a file with more rules; empty: none
  std::vector<Rule> rules;  // those of the command line; not empty where there is no file
  bool json = false;
};

// How many units of work were done while each of two recordings was made.
struct WorkDone {
  double base = 0;
  double head = 0;
};

struct DiffOptions {
  std::string base;  // recordings
  std::string head;
  std::string path;  // as in OutputOptions
  const ComparisonFormat* format = nullptr;
  ComparisonOptions render;
  std::optional<WorkDone> work;
};

struct DumpOptions {
  Pid pid{};                  // not if there is a core
  std::string core;           // a file
  std::string executable;     // its program; empty: where it was
  std::string sysroot = "/";  // where its files are now
  bool json = false;
  bool full_filenames = false;
  Stopping stopping = Stopping::kNever;
  NativeFrames native = NativeFrames::kNone;
  bool verbose = false;  // as in RecordOptions
  VariableDetail variables = VariableDetail::kNone;
};

struct TopOptions {
  std::string pid;  // as typed, maybe nothing
};

struct CompletionsOptions {
  std::string shell;
};

// Ends the program with this status: help was printed, or a complaint.
struct Exit {
  int code = 0;
};

using Command = std::variant<RecordOptions, ReportOptions, CheckOptions, DiffOptions, DumpOptions, TopOptions,
                             CompletionsOptions, Exit>;

}  // namespace gilspy::cli
