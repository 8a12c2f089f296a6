#pragma once

// The belief chain of phase 1 as one kernel, with what phase 2 needs of each belief.
//
//   for each module i:  hidden_i = relu(hidden_i + p_{i-1} Wp_i^T)      hidden_i comes with its features' half and bias
//                       logits_i = hidden_i W2_i^T + b2_i, and log p_{i-1} besides where the belief update is residual
//                       log p_i, l_i, d l_i / d logits_i                sid/cascade/kernel/row.h
//
// Rows of a batch know nothing of each other, so a cluster of R blocks carries kRows of them through all modules, in one launch. Its
// blocks divide the weights: block r has the hidden units [r H/R, (r+1) H/R), and finishes every R-th row.
//
//   all of p_{i-1} --> its columns of hidden_i --> their part of the logits --send--> the sum of all parts, of its rows
//         ^                                                                                        |
//         '--------------------------------send, to all blocks--------------------------------- p_i, of its rows
//
// Blocks write into each other's shared memory and read their own. Each has two mailboxes, for parts of logits and for beliefs; it waits
// until all bytes of a module are there, and nothing else synchronises blocks. What is still read is not overwritten:
//   - a part of the logits of module i replaces that of i-1. Its sender has all beliefs p_{i-1}, and each row's was sent after the row's
//     parts were read;
//   - p_i replaces p_{i-1}. Its sender has all parts of the logits, and each block sends its own after its product has read p_{i-1};
//   - the weights of module i+1 replace those of i-1 in the second of two places, when all of the block's threads are at module i;
//   - a mailbox has one module's bytes at a time, for the same two reasons.
//
// Weights depend on nothing: a block copies its slice of the next module's into shared memory while it computes. A row's loss and gradient
// are for nobody in the chain: they are computed one module later, by the warps that have least of the product.
// R = 1 is for GPUs without clusters, and for weights of which two slices are too large: the block reads them from global memory.
//
// What bounds it, for C = 100, H = 256, float32, R = 8, kRows = 8, on an H100 at 1.755 GHz: the way from one belief to the next, not
// throughput. A block reads 2 C H / R numbers a module, 26 KB, 400 cycles of the 64 bytes that an SM takes from the L2 cache, in the
// background; the 128 blocks of B = 128 read 3.3 MB, 0.6 us of the L2's 5.5 TB/s. Its 2 C H kRows / R = 51,200 multiply-adds are 400 cycles
// of an SM's 128 lanes. In turn come: two products, each with its sum over the parts (computed: 600 cycles each), the parts' way to the row's
// block (250), a row's sums and exponentials in one warp (500), the belief's way to all blocks (250): 2,200 cycles, 1.3 us a module. LibTorch's
// operations take five launches a module instead.
// An H200 took 4.1 us, in float32 and in bfloat16 (L = 64, B = 128; bench/h200). The kernel before, a block for four rows, took 8.7 and 10.4:
// 32 blocks on 132 SMs waited for weights from the L2 cache.
//
// A block's work is written for a `Team`, its threads: on a GPU a block, in the tests as many threads of the CPU, so that the same
// code is tested, with its synchronisation, where there is no GPU.

#include <cstdint>

#include "sid/cascade/kernel/host_device.h"
#include "sid/cascade/kernel/product.h"
#include "sid/cascade/kernel/quad.h"
#include "sid/cascade/kernel/row.h"

namespace sid::kernels {

// Storage is what products are made of, Number what they are summed in, and what beliefs and losses are. All arrays are contiguous.
// C' and H' are C and H rounded up to fours: weights and biases are filled up with zeros.
template <typename Storage, typename Number>
struct Chain {
  int batch = 0, depth = 0, hidden = 0, classes = 0;  // B, n, H, C
  bool reverse = false;                               // the divergence
  bool residual = false;                              // the belief update
  const Storage* belief_weight = nullptr;             // [n, C', H'], Wp^T
  const Storage* output_weight = nullptr;             // [n, H', C'], W2^T
  const Storage* output_bias = nullptr;               // [n, C']
  const Number* alphas = nullptr;                     // [n]
  const Number* log_y = nullptr;                      // [B, C]
  Storage* hidden_units = nullptr;                    // [B, n, H]: in, before the belief; out, after the ReLU
  Number* log_beliefs = nullptr;                      // [n+1, B, C]: entry 0 is given, the others are written
  Storage* logits_gradient = nullptr;                 // [n, B, C], of the batch's mean
  Number* losses = nullptr;                           // [n, B]
};

// What a cluster's blocks send each other.
enum Mailbox { kLogits, kBeliefs, kMailboxes };

// What a block shares: where it begins, in Numbers from the start of its shared memory, then in Storages from the Numbers' end. The same
// in all blocks of a cluster.
struct Layout {
  int slice;                                                                // hidden units of a block
  int belief, hidden, received, logits, log_beliefs, log_y, partial, size;  // Numbers
  int belief_weight, output_weight, bias, module_size;                      // Storages, once for each of two modules

  SID_HOST_DEVICE int64_t Bytes(int number, int storage) const {
    return static_cast<int64_t>(size) * number + 2 * static_cast<int64_t>(module_size) * storage;
  }
};

template <int kRows>
SID_HOST_DEVICE Layout LayoutOf(int threads, int hidden, int classes, int ranks) {
  const int class_stride = QuadsOf(classes) * kQuad;
  Layout layout{};
  layout.slice = (QuadsOf(hidden) + ranks - 1) / ranks * kQuad;
  layout.belief = 0;
  layout.hidden = layout.belief + kRows * PitchOf(classes);
  layout.received = layout.hidden + kRows * PitchOf(layout.slice);
  layout.logits = layout.received + kRows * class_stride;
  layout.log_beliefs = layout.logits + kRows / ranks * class_stride;
  layout.log_y = layout.log_beliefs + 2 * (kRows / ranks) * class_stride;
  layout.partial = layout.log_y + kRows / ranks * class_stride;
  const int first = SplitOf<kRows>(threads, classes, layout.slice).parts * PitchOf(layout.slice);
  const int second = SplitOf<kRows>(threads, layout.slice, classes).parts * PitchOf(classes);
  layout.size = layout.partial + kRows * (first > second ? first : second);
  if (ranks == 1) return layout;
  layout.output_weight = layout.belief_weight + class_stride * layout.slice;
  layout.bias = layout.output_weight + layout.slice * class_stride;
  layout.module_size = layout.bias + class_stride;
  return layout;
}

// One of the blocks for rows [first, first + kRows) of the batch, or as many as there are: rows past the batch compute like the others,
// on zeros, and write nothing outside. Every method is for all threads of the team; what one writes the next reads, and Run synchronises.
template <typename Storage, typename Number, typename Team, int kRows>
class Block {
 public:
  // `shared` holds LayoutOf(...).Bytes, aligned to 16.
  SID_HOST_DEVICE Block(const Team& team, const Chain<Storage, Number>& chain, int first, unsigned char* shared)
      : team_(team),
        chain_(chain),
        layout_(LayoutOf<kRows>(team.threads(), chain.hidden, chain.classes, team.Ranks())),
        first_(first),
        class_stride_(QuadsOf(chain.classes) * kQuad),
        hidden_stride_(QuadsOf(chain.hidden) * kQuad),
        numbers_(reinterpret_cast<Number*>(shared)),
        weights_(reinterpret_cast<Storage*>(numbers_ + layout_.size)),
        into_hidden_(ShareOf(team.thread(), SplitOf<kRows>(team.threads(), chain.classes, layout_.slice))),
        into_logits_(ShareOf(team.thread(), SplitOf<kRows>(team.threads(), layout_.slice, chain.classes))) {
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
    Number alpha = 0;
    for (int i = 0; i < chain_.depth; ++i) {
      // Read long before they are needed.
      if (i + 1 < chain_.depth) CopyModule(i + 1);
      const Storage unit = FirstUnit(i);
      const Number next_alpha = chain_.alphas[i];
      PartialProducts<kRows>(team_, into_hidden_, Belief(0), BeliefWeight(i), class_stride_, layout_.slice,
                             WeightStride(), Partial());
      team_.Synchronise();
      ActivateHidden(i, unit);
      team_.Synchronise();
      if (i > 0) WriteRows(i - 1, alpha);
      alpha = next_alpha;
      PartialProducts<kRows>(team_, into_logits_, numbers_ + layout_.hidden, OutputWeight(i), layout_.slice,
                             class_stride_, class_stride_, Partial());
      WaitForCopies();
      team_.Synchronise();
      SendLogits();
      team_.Await(kLogits, i, kRows * class_stride_ * static_cast<int>(sizeof(Number)));
      FinishRows(i);
      team_.Await(kBeliefs, i, kRows * class_stride_ * static_cast<int>(sizeof(Number)));
    }
    team_.Synchronise();
    if (chain_.depth > 0) WriteRows(chain_.depth - 1, alpha);
  }

 private:
  // Of the rows that this block finishes, the r-th.
  SID_HOST_DEVICE int OwnRows() const { return kRows / team_.Ranks(); }
  SID_HOST_DEVICE int RowOf(int own) const { return own * team_.Ranks() + team_.Rank(); }
  SID_HOST_DEVICE bool InBatch(int row) const { return first_ + row < chain_.batch; }

  // Shared memory.
  SID_HOST_DEVICE Number* Belief(int row) const { return numbers_ + layout_.belief + row * PitchOf(chain_.classes); }
  SID_HOST_DEVICE Number* Received(int rank, int own) const {
    return numbers_ + layout_.received + (rank * OwnRows() + own) * class_stride_;
  }
  SID_HOST_DEVICE Number* Logits(int own) const { return numbers_ + layout_.logits + own * class_stride_; }
  SID_HOST_DEVICE Number* LogBelief(int index, int own) const {  // of entry `index` in the chain's log beliefs
    return numbers_ + layout_.log_beliefs + (index % 2 * OwnRows() + own) * class_stride_;
  }
  SID_HOST_DEVICE Number* LogY(int own) const { return numbers_ + layout_.log_y + own * class_stride_; }
  SID_HOST_DEVICE Number* Partial() const { return numbers_ + layout_.partial; }

  // A module's weights, where products read them.
  SID_HOST_DEVICE bool Streams() const { return team_.Ranks() == 1; }
  SID_HOST_DEVICE Storage* Copied(int module, int place) const {
    return weights_ + module % 2 * layout_.module_size + place;
  }
  SID_HOST_DEVICE const Storage* GlobalWeight(const Storage* weights, int module) const {
    return weights + static_cast<int64_t>(module) * class_stride_ * hidden_stride_;
  }
  SID_HOST_DEVICE const Storage* BeliefWeight(int module) const {
    return Streams() ? GlobalWeight(chain_.belief_weight, module) : Copied(module, layout_.belief_weight);
  }
  SID_HOST_DEVICE const Storage* OutputWeight(int module) const {
    return Streams() ? GlobalWeight(chain_.output_weight, module) : Copied(module, layout_.output_weight);
  }
  SID_HOST_DEVICE const Storage* Bias(int module) const {
    return Streams() ? chain_.output_bias + static_cast<int64_t>(module) * class_stride_ : Copied(module, layout_.bias);
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
    ForRows(chain_.classes, [&](int row, int c) {
      const int64_t place = static_cast<int64_t>(first_ + row) * chain_.classes + c;
      const Number log_q = InBatch(row) ? chain_.log_beliefs[place] : Number(0);
      Belief(row)[c] = Rounded(Exp(log_q));
      if (row % team_.Ranks() != team_.Rank()) return;
      LogBelief(0, row / team_.Ranks())[c] = log_q;
      LogY(row / team_.Ranks())[c] = InBatch(row) ? chain_.log_y[place] : Number(0);
    });
  }

  SID_HOST_DEVICE void CopyAll(const Storage* from, Storage* to, int count) const {
    for (int k = team_.thread() * kQuad; k < count; k += team_.threads() * kQuad) CopyAhead(from + k, to + k);
  }

  // Starts to copy, over module - 2's, whose last reader was FinishRows.
  SID_HOST_DEVICE void CopyModule(int module) const {
    if (Streams()) return;
    const int begin = team_.Rank() * layout_.slice, left = hidden_stride_ - begin;
    const int units = left < layout_.slice ? left : layout_.slice;  // of this block; not above 0 where there are none
    const Storage* const belief_weight = GlobalWeight(chain_.belief_weight, module) + begin;
    Storage* const copy = Copied(module, layout_.belief_weight);
    for (int column = copied_.first * kQuad; column < units; column += team_.threads() * kQuad) {
      for (int row = copied_.part; row < class_stride_; row += copied_.parts) {
        CopyAhead(belief_weight + static_cast<int64_t>(row) * hidden_stride_ + column,
                  copy + row * layout_.slice + column);
      }
    }
    CopyAll(GlobalWeight(chain_.output_weight, module) + static_cast<int64_t>(begin) * class_stride_,
            Copied(module, layout_.output_weight), units * class_stride_);
    CopyAll(chain_.output_bias + static_cast<int64_t>(module) * class_stride_, Copied(module, layout_.bias),
            class_stride_);
  }

  SID_HOST_DEVICE bool HasUnit(int row, int column) const {
    return InBatch(row) && team_.Rank() * layout_.slice + column < chain_.hidden && column < layout_.slice;
  }
  SID_HOST_DEVICE Storage* Unit(int module, int row, int column) const {
    return chain_.hidden_units + (static_cast<int64_t>(first_ + row) * chain_.depth + module) * chain_.hidden +
           team_.Rank() * layout_.slice + column;
  }

  // What ActivateHidden needs first of global memory.
  SID_HOST_DEVICE Storage FirstUnit(int module) const {
    const auto lanes = team_.GroupLanes();
    const int row = team_.group() % kRows, column = team_.group() / kRows * lanes.lanes() + lanes.lane();
    return HasUnit(row, column) ? *Unit(module, row, column) : static_cast<Storage>(0.0F);
  }

  SID_HOST_DEVICE void ActivateHidden(int module, Storage first_unit) const {
    const int pitch = PitchOf(layout_.slice);
    bool first = true;
    ForRows(layout_.slice, [&](int row, int column) {
      Number value = 0;
      if (HasUnit(row, column)) {
        Storage* const unit = Unit(module, row, column);
        Storage before = first_unit;
        if (!first) before = *unit;
        value = static_cast<Number>(before);
        for (int part = 0; part < into_hidden_.parts; ++part)
          value += Partial()[PartialPlace<kRows>(part, row, column, pitch)];
        value = Rounded(value < 0 ? Number(0) : value);  // what is no number stays so, as in LibTorch's
        *unit = static_cast<Storage>(value);
      }
      numbers_[layout_.hidden + row * pitch + column] = value;
      first = false;
    });
  }

  // This block's part of the logits, to the blocks that finish the rows.
  SID_HOST_DEVICE void SendLogits() const {
    const int pitch = PitchOf(chain_.classes);
    ForRows(QuadsOf(chain_.classes), [&](int row, int four) {
      Quad<Number> sum{};
      for (int part = 0; part < into_logits_.parts; ++part) {
        Add(Load<Number>(Partial() + PartialPlace<kRows>(part, row, four * kQuad, pitch)), sum);
      }
      const int ranks = team_.Ranks();
      team_.Send(sum, Received(team_.Rank(), row / ranks) + four * kQuad, row % ranks, kLogits);
    });
  }

  // From logits to the belief, a group of lanes a row.
  SID_HOST_DEVICE void FinishRows(int module) const {
    const auto lanes = team_.GroupLanes();
    for (int own = team_.group(); own < OwnRows(); own += team_.groups()) {
      const int begin = lanes.lane() * kQuad, step = lanes.lanes() * kQuad;
      SID_UNROLL(1)
      for (int first = begin; first < chain_.classes; first += step) {
        auto sum = Load<Number>(Bias(module) + first);
        if (chain_.residual) Add(Load<Number>(LogBelief(module, own) + first), sum);
        for (int rank = 0; rank < team_.Ranks(); ++rank) Add(Load<Number>(Received(rank, own) + first), sum);
        Store(sum, Logits(own) + first);
      }
      const Number log_sum = LogSumExp(lanes, Logits(own), chain_.classes);
      SID_UNROLL(1)
      for (int first = begin; first < chain_.classes; first += step) {
        auto log_p = Load<Number>(Logits(own) + first);
        Quad<Number> p;
        for (int j = 0; j < kQuad; ++j) {
          log_p.value[j] -= log_sum;
          p.value[j] = Rounded(Exp(first + j < chain_.classes ? log_p.value[j] : kNever<Number>));
        }
        for (int rank = 0; rank < team_.Ranks(); ++rank) team_.Send(p, Belief(RowOf(own)) + first, rank, kBeliefs);
        Store(log_p, LogBelief(module + 1, own) + first);
      }
    }
  }

  // The finished rows' beliefs, losses and gradients, to global memory. The last groups take the rows: they have least of the product.
  SID_HOST_DEVICE void WriteRows(int module, Number alpha) const {
    const auto lanes = team_.GroupLanes();
    for (int own = 0; own < OwnRows() && InBatch(RowOf(own)); ++own) {
      const int64_t place = static_cast<int64_t>(module) * chain_.batch + first_ + RowOf(own);
      for (int c = team_.thread(); c < chain_.classes; c += team_.threads()) {
        chain_.log_beliefs[(place + chain_.batch) * chain_.classes + c] = LogBelief(module + 1, own)[c];
      }
      if (team_.group() != team_.groups() - 1 - own % team_.groups()) continue;
      const Row<Storage, Number> row{
          chain_.classes,         alpha,     Number(1) / static_cast<Number>(chain_.batch),  LogBelief(module + 1, own),
          LogBelief(module, own), LogY(own), chain_.logits_gradient + place * chain_.classes};
      const Number loss = chain_.reverse ? FinishReverse(lanes, row) : FinishForward(lanes, row);
      if (lanes.lane() == 0) chain_.losses[place] = loss;
    }
  }

  const Team& team_;
  const Chain<Storage, Number>& chain_;
  Layout layout_;
  int first_, class_stride_, hidden_stride_;
  Number* numbers_;
  Storage* weights_;
  Share into_hidden_, into_logits_, copied_;  // fours of columns of Wp^T are copied by rows
};

}  // namespace sid::kernels
