// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"encoding/binary"
	"errors"
)

var errRefs = errors.New("its references do not have the form of such")

// References are numbers of pages or chunks, 0 for what is all zero. They are
// written as runs, because what lies side by side was mostly written so: the
// run's length, then 0 if its numbers are all 0; else 1 + the zigzag-coded
// distance of its first number from where the run before ended, and the numbers
// ascend by one.
func appendRefs(dst []byte, refs []uint64) []byte {
	expected := uint64(0)
	for i := 0; i < len(refs); {
		n := 1
		for i+n < len(refs) && refs[i+n] == next(refs[i+n-1]) {
			n++
		}
		dst = binary.AppendUvarint(dst, uint64(n))
		if refs[i] == 0 {
			dst = binary.AppendUvarint(dst, 0)
		} else {
			distance := int64(refs[i] - expected)
			dst = binary.AppendUvarint(dst, 1+(uint64(distance)<<1^uint64(distance>>63)))
			expected = refs[i] + uint64(n)
		}
		i += n
	}
	return dst
}

// next returns what follows a reference within a run.
func next(ref uint64) uint64 {
	if ref == 0 {
		return 0
	}
	return ref + 1
}

// readRefs calls f for the runs of exactly n references, with where each begins,
// its length and its first number, and returns what follows them. No number is
// more than most.
func readRefs(b []byte, n int, most uint64, f func(i, count int, first uint64)) ([]byte, error) {
	expected := uint64(0)
	for i := 0; i < n; {
		count, k := binary.Uvarint(b)
		if k <= 0 || count == 0 || count > uint64(n-i) {
			return nil, errRefs
		}
		b = b[k:]
		code, k := binary.Uvarint(b)
		if k <= 0 {
			return nil, errRefs
		}
		b = b[k:]
		first := uint64(0)
		if code > 0 {
			code--
			first = expected + (code>>1 ^ -(code & 1))
			if first == 0 || first > most || count-1 > most-first {
				return nil, errRefs
			}
			expected = first + count
		}
		f(i, int(count), first)
		i += int(count)
	}
	return b, nil
}
