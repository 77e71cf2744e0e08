// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"math"
	"math/bits"

	"github.com/vmrr/vmrr/machine"
)

// Thin drops snapshots until the rest takes at most budget bytes, and returns
// them: each time the one whose loss hurts least, seen from the present moment,
// so that what stays lies at distances that double into the past. The first one,
// those with a name and pinned ones stay, even if the budget is exceeded; so do those
// all of whose pages are on disk: their loss would give back next to nothing.
func (s *Store) Thin(budget int64, present machine.Moment) (dropped []*Snapshot) {
	if s.Bytes() <= budget {
		return nil
	}
	onDisk := make(map[*Snapshot]bool)
	for _, snap := range s.snaps {
		onDisk[snap] = !s.pool.inMemory(snap.ram)
	}
	for s.Bytes() > budget {
		i := victim(len(s.snaps), present, func(i int) (uint64, bool) {
			snap := s.snaps[i]
			return snap.State.At.ICount, snap.Name != "" || snap.Pinned || onDisk[snap]
		})
		if i < 0 {
			break
		}
		dropped = append(dropped, s.snaps[i])
		s.Delete(s.snaps[i])
	}
	return dropped
}

// victim returns which of n snapshots hurts least when it goes, -1 if none may:
// where (next - previous) / (distance from the present) is smallest, the earliest
// of equals. get returns a snapshot's instruction count, and whether it must
// stay. All in order of their counts.
func victim(n int, present machine.Moment, get func(i int) (at uint64, stays bool)) int {
	best, bestGap, bestDistance := -1, uint64(0), uint64(1)
	for i := 1; i < n; i++ {
		at, stays := get(i)
		if stays {
			continue
		}
		before, _ := get(i - 1)
		// Behind the last one there is as much as before it, for all we know.
		next := at + min(at-before, math.MaxUint64-at)
		if i+1 < n {
			next, _ = get(i + 1)
		}
		gap, distance := next-before, max(at, present.ICount)-min(at, present.ICount)
		distance = max(distance, 1)
		if best < 0 || less(gap, distance, bestGap, bestDistance) {
			best, bestGap, bestDistance = i, gap, distance
		}
	}
	return best
}

// less reports whether a/b < c/d, exactly.
func less(a, b, c, d uint64) bool {
	hi, lo := bits.Mul64(a, d)
	hi2, lo2 := bits.Mul64(c, b)
	return hi < hi2 || hi == hi2 && lo < lo2
}
