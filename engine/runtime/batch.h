// Batch: what was decided since the last one was closed, one entry per workflow, and what waits for
// it to be durable.
//
// Single-threaded. Refers to workflows in memory: none of them may leave before the batch is done.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/core/event.h"
#include "engine/ports/journal.h"
#include "engine/runtime/effects.h"
#include "engine/runtime/shard_table.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

struct WriteDraft {
  Workflow* workflow = nullptr;
  std::vector<core::Event> events;
  core::EventSeq first_seq = 0;
  bool consumes_start_request = false;
  // Set when the batch is closed: what the row says.
  bool ends = false;
  bool parks = false;
};

struct Batch {
  explicit Batch(BatchNumber batch_number) : number(batch_number), effects(batch_number) {}

  BatchNumber number;
  std::vector<WriteDraft> drafts;
  std::size_t bytes = 0;  // estimated until it is closed
  Effects effects;
  bool closed = false;
  std::vector<ports::WorkflowWrite> writes;  // once closed
  std::size_t events = 0;                    // once closed
};

// Payload bytes of an event, for the bounds of a batch.
std::size_t RoughBytes(const core::Event& event);

struct ParkRule {
  const ShardTable& shards;
  core::TimeUs now = 0;
  core::DurationUs park_after_us = 0;
  core::EventSeq snapshot_every_events = 0;
};

// True when the workflow has nothing to do in memory until `now` + park_after_us, and no
// sub-workflow there that it waits for.
bool MayPark(const Workflow& workflow, const ParkRule& rule);

// The workflow's state as it is now was stored as a snapshot of so many bytes.
void NoteSnapshot(std::size_t bytes, Workflow& workflow);

// Encodes a draft, with a workflow row when one is due: at the start, a change of status, the end,
// a snapshot, parking and its end. Notes in the workflow what its row will say.
ports::WorkflowWrite SealWrite(WriteDraft& draft, const ParkRule& rule);

}  // namespace skald::runtime
