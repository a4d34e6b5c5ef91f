// What gilspy's exit status says; the numbers are sysexits.h's where it has one.
#pragma once

#include "gilspy/result.h"

namespace gilspy::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitUsage = 64,
  kExitBadRecording = 65,
  kExitNoProcess = 66,
  kExitUnsupported = 69,
  kExitInternal = 70,
  kExitCannotWrite = 74,
  kExitDenied = 77,
  kExitCannotExecute = 126,  // as env(1) and shells have it
  kExitNoCommand = 127,
  kExitLauncher = 125,  // gilspy failed, where a command was to be launched: the others are the command's
};

// Those of `check`, which a script is to tell apart: whatever keeps it from judging is kExitCannotTell.
inline constexpr int kExitFailed = 1;
inline constexpr int kExitCannotTell = 2;

// For errors that prevent a recording, or its output.
constexpr ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kGone:
    case ErrorCode::kNoProcess: return kExitNoProcess;
    case ErrorCode::kNotPython:
    case ErrorCode::kNotReady:
    case ErrorCode::kMisfit:
    case ErrorCode::kUnsupported: return kExitUnsupported;
    case ErrorCode::kDenied: return kExitDenied;
    case ErrorCode::kCannotWrite: return kExitCannotWrite;
    case ErrorCode::kBadRecording: return kExitBadRecording;
    case ErrorCode::kUsage: return kExitUsage;
    case ErrorCode::kNoCommand: return kExitNoCommand;
    case ErrorCode::kCannotExecute: return kExitCannotExecute;
    case ErrorCode::kBadAddress:
    case ErrorCode::kCorrupt:
    case ErrorCode::kSystem: break;
  }
  return kExitInternal;
}

}  // namespace gilspy::cli
