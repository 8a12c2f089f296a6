#pragma once

// What the kernels of a cascade have in common: a vector [C] of each row of a batch passes through the modules in turn, and what comes out
// of one goes into the next.
//
//   for each module:  units = activated(v A)        A [C, H], H units
//                     v = the row's step(units B)   B [H, C]
//
// Forward v is the belief, A Wp^T and B W2^T (sid/cascade/kernel/chain.h); on backpropagation's way back it is the gradient by the logits,
// A W2 and B Wp (sid/cascade/kernel/chain_back.h). What is theirs is a `Pass`, which derives from Block.
//
// Rows of a batch know nothing of each other, so a cluster of R blocks carries kRows of them through all modules, in one launch. Its
// blocks divide the weights: block r has the hidden units [r H/R, (r+1) H/R), and finishes every R-th row.
//
//   all of v --> its columns of the units --> their part of the products --send--> the sum of all parts, of its rows
//      ^                                                                                      |
//      '--------------------------------send, to all blocks---------------------------- the next v, of its rows
//
// Blocks write into each other's shared memory and read their own. Each has two mailboxes, for parts of products and for vectors; it waits
// until all bytes of a module are there, and nothing else synchronises blocks. What is still read is not overwritten:
//   - a part of module i's product replaces that of the module before it. Its sender has all vectors that module i begins with, and each
//     row's was sent after the row's parts were read;
//   - a vector replaces the one before it. Its sender has all parts of module i's product, and each block sends its own after its first
//     product has read the vectors;
//   - what is copied ahead for the next module, weights and a row's inputs, replaces the last module's in the second of two places. The
//     last module's were read before its vectors were sent, and the copying thread has these;
//   - a mailbox has one module's bytes at a time, for the same two reasons.
// A block ends when all that is sent to it is there: nothing comes after the last vectors.
//
// Weights depend on nothing: a block copies its slice of the next module's into shared memory while it computes. What a row's step gives
// besides the vector is for nobody in the chain: it is written one module later.
// R = 1 is for GPUs without clusters, and for weights of which two slices are too large: the block reads them from global memory.
//
// A block's work is written for a `Team`, its threads: on a GPU a block, in the tests as many threads of the CPU, so that the same
// code is tested, with its synchronisation, where there is no GPU.

#include <cstdint>

#include "sid/cascade/kernel/product.h"
#include "sid/cascade/kernel/quad.h"
#include "sid/cascade/kernel/row.h"

namespace sid::kernels {

// What a cluster's blocks send each other.
enum Mailbox { kParts, kVectors, kMailboxes };

// A row's inputs from global memory, besides what passes from module to module. At most so many at a time.
inline constexpr int kInputs = 4;

// What a block shares: where it begins, in Numbers from the start of its shared memory, then in Storages from the Numbers' end. The same
// in all blocks of a cluster.
struct Layout {
  int slice;                                                           // hidden units of a block
  int vectors, hidden, received, sums, states, inputs, partial, size;  // Numbers
  int into_hidden, into_classes, bias, module_size;                    // Storages, once for each of two modules

  SID_HOST_DEVICE int64_t Bytes(int number, int storage) const {
    return static_cast<int64_t>(size) * number + 2 * static_cast<int64_t>(module_size) * storage;
  }
};

template <int kRows>
SID_HOST_DEVICE Layout LayoutOf(int threads, int hidden, int classes, int ranks) {
  const int class_stride = QuadsOf(classes) * kQuad, own = kRows / ranks * class_stride;
  Layout layout{};
  layout.slice = (QuadsOf(hidden) + ranks - 1) / ranks * kQuad;
  layout.vectors = 0;
  layout.hidden = layout.vectors + kRows * PitchOf(classes);
  layout.received = layout.hidden + kRows * PitchOf(layout.slice);
  layout.sums = layout.received + kRows * class_stride;
  layout.states = layout.sums + own;
  layout.inputs = layout.states + 2 * own;
  layout.partial = layout.inputs + kInputs * own;
  const int first = SplitOf<kRows>(threads, classes, layout.slice).parts * PitchOf(layout.slice);
  const int second = SplitOf<kRows>(threads, layout.slice, classes).parts * PitchOf(classes);
  layout.size = layout.partial + kRows * (first > second ? first : second);
  if (ranks == 1) return layout;
  layout.into_classes = layout.into_hidden + class_stride * layout.slice;
  layout.bias = layout.into_classes + layout.slice * class_stride;
  layout.module_size = layout.bias + class_stride;
  return layout;
}

// One of the blocks for rows [first, first + kRows) of the batch, or as many as there are: rows past the batch compute like the others,
// on zeros, and write nothing outside. Every method is for all threads of the team; what one writes the next reads, and Run synchronises.
//
// `Arrays` are the pass's: Storage is what products are made of, Number what they are summed in, and what passes from module to module.
// They have batch B, depth n, hidden H, classes C, and the weights into_hidden [n, C', H'] and into_classes [n, H', C'], where C' and H'
// are C and H rounded up to fours, and filled up with zeros.
//
// `Pass` has, of modules in the order of their steps 0 .. n-1, and for the r-th row that the block finishes:
//   Module(step)                       whose weights are used
//   FirstStates()                      [B, C]: what state step 0 begins with. A row's state is what its vector is made of
//   VectorOf(state, is_class)          0 where there is no class
//   UnitIn, UnitOut(step, row, unit)   what a unit depends on, and where it goes
//   Activated(in, sum)
//   CopyInputs(step)                   starts to copy what the two next ones need
//   Total(step, r, c, sum)             four neighbouring classes' sums, from c on, and what is added to them
//   Normaliser(lanes, totals)          of a row
//   NextState(step, r, c, total, normaliser)
//   ReadAhead(step), WriteRows(step, what that gave)     the rows' results to global memory
template <typename Pass, typename Arrays, typename Team, int kRows>
class Block {
 public:
  using Storage = typename Arrays::Storage;
  using Number = typename Arrays::Number;

  // `shared` holds LayoutOf(...).Bytes, aligned to 16.
  SID_HOST_DEVICE Block(const Team& team, const Arrays& arrays, int first, unsigned char* shared)
      : team_(team),
        arrays_(arrays),
        layout_(LayoutOf<kRows>(team.threads(), arrays.hidden, arrays.classes, team.Ranks())),
        first_(first),
        class_stride_(QuadsOf(arrays.classes) * kQuad),
        hidden_stride_(QuadsOf(arrays.hidden) * kQuad),
        numbers_(reinterpret_cast<Number*>(shared)),
        weights_(reinterpret_cast<Storage*>(numbers_ + layout_.size)),
        to_hidden_(ShareOf(team.thread(), SplitOf<kRows>(team.threads(), arrays.classes, layout_.slice))),
        to_classes_(ShareOf(team.thread(), SplitOf<kRows>(team.threads(), layout_.slice, arrays.classes))) {
    const int columns = QuadsOf(layout_.slice);
    copied_ = ShareOf(team.thread(), {columns, team.threads() > columns ? team.threads() / columns : 1});
  }

  SID_HOST_DEVICE void Run() {
    ClearShared();
    team_.Synchronise();
    LoadRows();
    CopyModule(0);
    WaitForCopies();
    team_.SynchroniseCluster();  // nobody sends to a block that has not cleared its memory
    constexpr int kNumberBytes = sizeof(Number);
    Number ahead = 0;
    for (int step = 0; step < arrays_.depth; ++step) {
      // Read long before they are needed.
      if (step + 1 < arrays_.depth) CopyModule(step + 1);
      const Storage unit = FirstUnit(step);
      const Number next_ahead = pass().ReadAhead(step);
      PartialProducts<kRows>(team_, to_hidden_, Vector(0), IntoHidden(step), class_stride_, layout_.slice,
                             WeightStride(), Partial());
      team_.Synchronise();
      ActivateHidden(step, unit);
      team_.Synchronise();
      if (step > 0) pass().WriteRows(step - 1, ahead);
      ahead = next_ahead;
      PartialProducts<kRows>(team_, to_classes_, numbers_ + layout_.hidden, IntoClasses(step), layout_.slice,
                             class_stride_, class_stride_, Partial());
      WaitForCopies();
      team_.Synchronise();
      SendParts();
      team_.Await(kParts, step, kRows * class_stride_ * kNumberBytes);
      FinishRows(step);
      team_.Await(kVectors, step, kRows * class_stride_ * kNumberBytes);
    }
    team_.Synchronise();
    if (arrays_.depth > 0) pass().WriteRows(arrays_.depth - 1, ahead);
  }

 protected:
  SID_HOST_DEVICE const Pass& pass() const { return static_cast<const Pass&>(*this); }
  SID_HOST_DEVICE const Team& team() const { return team_; }
  SID_HOST_DEVICE const Arrays& arrays() const { return arrays_; }

  // Of the rows that this block finishes, the r-th: in the block, and in the batch.
  SID_HOST_DEVICE int OwnRows() const { return kRows / team_.Ranks(); }
  SID_HOST_DEVICE int RowOf(int own) const { return own * team_.Ranks() + team_.Rank(); }
  SID_HOST_DEVICE int BatchRow(int own) const { return first_ + RowOf(own); }
  SID_HOST_DEVICE bool InBatch(int row) const { return first_ + row < arrays_.batch; }

  // Shared memory. State `step` is what the step begins with.
  SID_HOST_DEVICE Number* State(int step, int own) const {
    return numbers_ + layout_.states + (step % 2 * OwnRows() + own) * class_stride_;
  }
  SID_HOST_DEVICE Number* Input(int which, int own) const {
    return numbers_ + layout_.inputs + (which * OwnRows() + own) * class_stride_;
  }
  // A module's weights, where they are read.
  SID_HOST_DEVICE bool Streams() const { return team_.Ranks() == 1; }
  SID_HOST_DEVICE Storage* Copied(int step, int place) const {
    return weights_ + step % 2 * layout_.module_size + place;
  }
  SID_HOST_DEVICE Storage* CopiedBias(int step) const { return Copied(step, layout_.bias); }
  SID_HOST_DEVICE int class_stride() const { return class_stride_; }

  // Starts to copy fours of weights.
  SID_HOST_DEVICE void CopyAll(const Storage* from, Storage* to, int count) const {
    for (int k = team_.thread() * kQuad; k < count; k += team_.threads() * kQuad) CopyAhead(from + k, to + k);
  }
  // A row of the finished ones from an array [B, C].
  SID_HOST_DEVICE void CopyInput(const Number* rows, int which, int own) const {
    if (!InBatch(RowOf(own))) return;
    const Number* const row = rows + static_cast<int64_t>(BatchRow(own)) * arrays_.classes;
    for (int c = team_.thread(); c < arrays_.classes; c += team_.threads())
      CopyOneAhead(row + c, Input(which, own) + c);
  }

 private:
  SID_HOST_DEVICE Number* Vector(int row) const { return numbers_ + layout_.vectors + row * PitchOf(arrays_.classes); }
  SID_HOST_DEVICE Number* Received(int rank, int own) const {
    return numbers_ + layout_.received + (rank * OwnRows() + own) * class_stride_;
  }
  SID_HOST_DEVICE Number* Totals(int own) const { return numbers_ + layout_.sums + own * class_stride_; }
  SID_HOST_DEVICE Number* Partial() const { return numbers_ + layout_.partial; }

  SID_HOST_DEVICE const Storage* GlobalWeight(const Storage* weights, int step) const {
    return weights + static_cast<int64_t>(pass().Module(step)) * class_stride_ * hidden_stride_;
  }
  SID_HOST_DEVICE const Storage* IntoHidden(int step) const {
    return Streams() ? GlobalWeight(arrays_.into_hidden, step) : Copied(step, layout_.into_hidden);
  }
  SID_HOST_DEVICE const Storage* IntoClasses(int step) const {
    return Streams() ? GlobalWeight(arrays_.into_classes, step) : Copied(step, layout_.into_classes);
  }
  SID_HOST_DEVICE int WeightStride() const { return Streams() ? hidden_stride_ : layout_.slice; }

  // use(row, column) for all of `columns` columns; neighbouring lanes have neighbouring columns.
  template <typename Use>
  SID_HOST_DEVICE void ForRows(int columns, const Use& use) const {
    const auto lanes = team_.GroupLanes();
    const int units = (columns + lanes.lanes() - 1) / lanes.lanes() * kRows;
    for (int unit = team_.group(); unit < units; unit += team_.groups()) {
      const int column = unit / kRows * lanes.lanes() + lanes.lane();
      if (column < columns) use(unit % kRows, column);
    }
  }

  // Also what no unit's weights are copied to: the last blocks may have fewer hidden units than a slice, or none.
  SID_HOST_DEVICE void ClearShared() const {
    for (int k = team_.thread(); k < layout_.size; k += team_.threads()) numbers_[k] = 0;
    for (int k = team_.thread(); k < 2 * layout_.module_size; k += team_.threads()) {
      weights_[k] = static_cast<Storage>(0.0F);
    }
  }

  // As products see it: rounded to Storage.
  SID_HOST_DEVICE static Number Rounded(Number value) { return static_cast<Number>(static_cast<Storage>(value)); }

  SID_HOST_DEVICE void LoadRows() const {
    ForRows(arrays_.classes, [&](int row, int c) {
      const int64_t place = static_cast<int64_t>(first_ + row) * arrays_.classes + c;
      const Number state = InBatch(row) ? pass().FirstStates()[place] : Number(0);
      Vector(row)[c] = Rounded(pass().VectorOf(state, /*is_class=*/true));
      if (row % team_.Ranks() == team_.Rank()) State(0, row / team_.Ranks())[c] = state;
    });
  }

  // Starts to copy, over what was copied for the step before the last one, whose last reader was FinishRows.
  SID_HOST_DEVICE void CopyModule(int step) const {
    pass().CopyInputs(step);
    if (Streams()) return;
    const int begin = team_.Rank() * layout_.slice, left = hidden_stride_ - begin;
    const int units = left < layout_.slice ? left : layout_.slice;  // of this block; not above 0 where there are none
    const Storage* const into_hidden = GlobalWeight(arrays_.into_hidden, step) + begin;
    Storage* const copy = Copied(step, layout_.into_hidden);
    for (int column = copied_.first * kQuad; column < units; column += team_.threads() * kQuad) {
      for (int row = copied_.part; row < class_stride_; row += copied_.parts) {
        CopyAhead(into_hidden + static_cast<int64_t>(row) * hidden_stride_ + column,
                  copy + row * layout_.slice + column);
      }
    }
    CopyAll(GlobalWeight(arrays_.into_classes, step) + static_cast<int64_t>(begin) * class_stride_,
            Copied(step, layout_.into_classes), units * class_stride_);
  }

  SID_HOST_DEVICE bool HasUnit(int row, int column) const {
    return InBatch(row) && team_.Rank() * layout_.slice + column < arrays_.hidden && column < layout_.slice;
  }
  SID_HOST_DEVICE Storage UnitIn(int step, int row, int column) const {
    return *pass().UnitIn(step, first_ + row, team_.Rank() * layout_.slice + column);
  }

  // What ActivateHidden needs first of global memory.
  SID_HOST_DEVICE Storage FirstUnit(int step) const {
    const auto lanes = team_.GroupLanes();
    const int row = team_.group() % kRows, column = team_.group() / kRows * lanes.lanes() + lanes.lane();
    return HasUnit(row, column) ? UnitIn(step, row, column) : static_cast<Storage>(0.0F);
  }

  SID_HOST_DEVICE void ActivateHidden(int step, Storage first_unit) const {
    const int pitch = PitchOf(layout_.slice);
    bool first = true;
    ForRows(layout_.slice, [&](int row, int column) {
      Number value = 0;
      if (HasUnit(row, column)) {
        Storage in = first_unit;
        if (!first) in = UnitIn(step, row, column);
        for (int part = 0; part < to_hidden_.parts; ++part)
          value += Partial()[PartialPlace<kRows>(part, row, column, pitch)];
        value = Rounded(pass().Activated(static_cast<Number>(in), value));
        *pass().UnitOut(step, first_ + row, team_.Rank() * layout_.slice + column) = static_cast<Storage>(value);
      }
      numbers_[layout_.hidden + row * pitch + column] = value;
      first = false;
    });
  }

  // This block's part of the products, to the blocks that finish the rows.
  SID_HOST_DEVICE void SendParts() const {
    const int pitch = PitchOf(arrays_.classes);
    ForRows(QuadsOf(arrays_.classes), [&](int row, int four) {
      Quad<Number> sum{};
      for (int part = 0; part < to_classes_.parts; ++part) {
        Add(Load<Number>(Partial() + PartialPlace<kRows>(part, row, four * kQuad, pitch)), sum);
      }
      const int ranks = team_.Ranks();
      team_.Send(sum, Received(team_.Rank(), row / ranks) + four * kQuad, row % ranks, kParts);
    });
  }

  // From products to the next vector, a group of lanes a row.
  SID_HOST_DEVICE void FinishRows(int step) const {
    const auto lanes = team_.GroupLanes();
    for (int own = team_.group(); own < OwnRows(); own += team_.groups()) {
      const int begin = lanes.lane() * kQuad, classes_a_turn = lanes.lanes() * kQuad;
      SID_UNROLL(1)
      for (int first = begin; first < arrays_.classes; first += classes_a_turn) {
        Quad<Number> sum{};
        for (int rank = 0; rank < team_.Ranks(); ++rank) Add(Load<Number>(Received(rank, own) + first), sum);
        Store(pass().Total(step, own, first, sum), Totals(own) + first);
      }
      const Number normaliser = pass().Normaliser(lanes, Totals(own));
      SID_UNROLL(1)
      for (int first = begin; first < arrays_.classes; first += classes_a_turn) {
        const auto state = pass().NextState(step, own, first, Load<Number>(Totals(own) + first), normaliser);
        Quad<Number> vector;
        for (int j = 0; j < kQuad; ++j) {
          vector.value[j] = Rounded(pass().VectorOf(state.value[j], first + j < arrays_.classes));
        }
        for (int rank = 0; rank < team_.Ranks(); ++rank) team_.Send(vector, Vector(RowOf(own)) + first, rank, kVectors);
        Store(state, State(step + 1, own) + first);
      }
    }
  }

  const Team& team_;
  const Arrays& arrays_;
  Layout layout_;
  int first_, class_stride_, hidden_stride_;
  Number* numbers_;
  Storage* weights_;
  Share to_hidden_, to_classes_, copied_;  // fours of columns of into_hidden are copied by rows
};

}  // namespace sid::kernels
