// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/vmrr/vmrr/machine"
)

// shown is how many bytes of an input's data a summary shows.
const shown = 32

// Summary describes the record, without its moment, in a few words.
func (r *Record) Summary() string {
	switch r.Kind {
	case KindInput:
		return "input " + inputSummary(&r.Input)
	case KindAnswer:
		return "answer " + answerSummary(r.Query, r.Answer)
	case KindWarp:
		return fmt.Sprintf("clock jump to %d ns, short of the deadline", r.Until)
	case KindHash:
		return fmt.Sprintf("state hash %016x of %d parts, %d console bytes", r.Hash.Sum(), len(r.Hash.Parts), r.Hash.ConsoleBytes)
	case KindMark:
		return "mark: nothing else happened before"
	case KindEnd:
		return fmt.Sprintf("end: %s, %d console bytes", r.Reason, r.Hash.ConsoleBytes)
	case KindSnapshot:
		return fmt.Sprintf("snapshot %q", r.Snapshot)
	}
	return r.Kind.String()
}

// Size returns how many bytes the record has in the log, without its moment and
// before compression.
func (r *Record) Size() int {
	b, err := r.encode(nil)
	if err != nil {
		return 0 // it was never in a log
	}
	return len(b)
}

// Sum is the hash of the whole state.
func (h *StateHash) Sum() machine.Hash {
	var parts []machine.Hash
	for _, p := range h.Parts {
		parts = append(parts, machine.Hash(p))
	}
	return machine.Sum(parts)
}

func inputSummary(in *machine.Input) string {
	switch in.Kind {
	case machine.InputSerial:
		return fmt.Sprintf("serial %d, %d bytes: %s", in.Unit, len(in.Data), cut("%q", in.Data))
	case machine.InputFrame:
		return fmt.Sprintf("frame %d, %d bytes: %s", in.Unit, len(in.Data), cut("% x", in.Data))
	case machine.InputMemory:
		if len(in.Data) >= 8 { // machine.MemoryInput
			p := in.Data[8:]
			return fmt.Sprintf("memory, %d bytes at physical address %#x: %s", len(p), binary.LittleEndian.Uint64(in.Data), cut("% x", p))
		}
	case machine.InputRegister:
		if len(in.Data) > 0 && len(in.Data) > int(in.Data[0]) { // machine.RegisterInput
			name, value := in.Data[1:1+in.Data[0]], slices.Clone(in.Data[1+in.Data[0]:])
			slices.Reverse(value) // it is little-endian
			return fmt.Sprintf("register %s = 0x%s", name, cut("%x", value))
		}
	default:
		return in.Kind.String()
	}
	return fmt.Sprintf("%v, malformed: %s", in.Kind, cut("% x", in.Data))
}

// cut formats the beginning of p.
func cut(format string, p []byte) string {
	if len(p) > shown {
		return fmt.Sprintf(format, p[:shown]) + "..."
	}
	return fmt.Sprintf(format, p)
}

func answerSummary(q machine.Query, v int64) string {
	switch q {
	case machine.QueryWallClock:
		return fmt.Sprintf("wall clock: %d s since 1970, %s", v, time.Unix(v, 0).UTC().Format("2006-01-02 15:04:05 UTC"))
	case machine.QueryEntropy:
		return fmt.Sprintf("entropy: 0x%016x", uint64(v))
	}
	return fmt.Sprintf("%d to query %d", v, q)
}
