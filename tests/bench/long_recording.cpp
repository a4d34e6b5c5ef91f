// A recording of hours from one of minutes: the same ticks over and over, later each time, through a RecordingSink. For
// measuring what long recordings cost. long_recording SHORT.gilspy TIMES LONG.gilspy
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "formats/recording/recording_reader.h"
#include "formats/recording/recording_sink.h"

namespace gilspy {
namespace {

using recording::RecordingReader;
using recording::RecordingSink;

struct Piece {
  Sample sample;
  RunUpdate update;
  bool is_update = false;
};

std::vector<Piece> pieces_of(RecordingReader& reader) {
  std::vector<Piece> pieces;
  for (auto item = reader.next(); item != RecordingReader::Item::kEnd; item = reader.next()) {
    Piece& piece = pieces.emplace_back();
    piece.is_update = item == RecordingReader::Item::kUpdate;
    if (piece.is_update) {
      piece.update = reader.update();
    } else {
      piece.sample = reader.sample();
    }
  }
  return pieces;
}

void repeat(std::vector<Piece>& pieces, int times, RecordingSink& sink) {
  const Nanos round = pieces[pieces.size() - 2].sample.time - pieces.front().sample.time + Nanos(1'000'000);
  for (int i = 0; i < times; ++i) {
    for (Piece& piece : pieces) {
      if (piece.is_update) {
        sink.end_block(piece.update);
        piece.update.threads.clear();
        piece.update.interpreters.clear();
        continue;
      }
      sink.add(piece.sample);
      piece.sample.started.clear();  // all of them live on
      piece.sample.time += round;
    }
  }
}

int make_long(const char* from, int times, const char* to) {
  const auto source = platform::open_source(from);
  if (!source.has_value()) return 1;
  const auto reader = RecordingReader::open(**source);
  if (!reader.has_value()) return 1;
  std::vector<Piece> pieces = pieces_of(**reader);
  const StackTable stacks = (*reader)->take_stacks();
  const auto file = platform::append_file(to);
  recording::RecordingFile recording(*file, recording::RecordingFile::Of::kOneProcess);
  RecordingSink sink(recording, stacks);
  sink.begin((*reader)->facts());
  repeat(pieces, times, sink);
  sink.end({}, "");
  return recording.close().has_value() ? 0 : 1;
}

}  // namespace
}  // namespace gilspy

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  return gilspy::make_long(argv[1], std::atoi(argv[2]), argv[3]);
}
