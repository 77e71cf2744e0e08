// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// Kind tells what a record of the log is. The values are written to logs.
type Kind uint8

// The kinds of record and what follows the moment in their payloads.
const (
	KindInput  Kind = 1 // an input was delivered: u8 kind, u8 unit, data to the end
	KindAnswer Kind = 2 // a query was answered: u8 query, i64 answer
	KindWarp   Kind = 3 // an idle wait ended before its deadline: virtual ns it ended at
	KindHash   Kind = 4 // the canonical state at an icount: the number of parts, u64 of each, console bytes, u64 console hash
	KindMark   Kind = 5 // nothing else happened before this moment: empty
	KindEnd    Kind = 6 // the run ended here: as KindHash, then the reason to the end
)

func (k Kind) String() string {
	names := [...]string{"", "input", "answer", "warp", "hash", "mark", "end"}
	if k > 0 && int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("record kind %d", uint8(k))
}

// StateHash says what the machine's state was at an instant of the recording.
type StateHash struct {
	ICount       uint64   // instructions retired
	Parts        []uint64 // of each part of the state, in the order of machine.Machine.Parts; at most 256
	ConsoleBytes uint64   // bytes the guest has sent to its console since power-on
	ConsoleHash  uint64   // of those bytes
}

// maxParts bounds the parts of a state.
const maxParts = 256

// Record is one entry of the log. Kind says which of the fields after At count.
type Record struct {
	Kind   Kind
	At     machine.Moment
	Input  machine.Input // KindInput
	Query  machine.Query // KindAnswer
	Answer int64         // KindAnswer
	Until  uint64        // KindWarp: virtual ns
	Hash   StateHash     // KindHash and KindEnd (there: the state at At)
	Reason string        // KindEnd
}

// Summary describes the record, without its moment, in a few words.
func (r *Record) Summary() string {
	switch r.Kind {
	case KindInput:
		if r.Input.Kind != machine.InputSerial {
			return fmt.Sprintf("input %v %d", r.Input.Kind, r.Input.Unit)
		}
		const shown = 32
		if len(r.Input.Data) > shown {
			return fmt.Sprintf("input serial %d, %d bytes: %q...", r.Input.Unit, len(r.Input.Data), r.Input.Data[:shown])
		}
		return fmt.Sprintf("input serial %d, %d bytes: %q", r.Input.Unit, len(r.Input.Data), r.Input.Data)
	case KindAnswer:
		return fmt.Sprintf("answer %d to query %d", r.Answer, r.Query)
	case KindWarp:
		return fmt.Sprintf("clock jump to %d ns, short of the deadline", r.Until)
	case KindHash:
		return fmt.Sprintf("state hashes %x, %d console bytes", r.Hash.Parts, r.Hash.ConsoleBytes)
	case KindEnd:
		return fmt.Sprintf("end: %s", r.Reason)
	}
	return r.Kind.String()
}

// encode returns the record's payload.
func (r *Record) encode() ([]byte, error) {
	le := binary.LittleEndian
	b := binary.AppendUvarint(nil, r.At.ICount)
	b = binary.AppendUvarint(b, uint64(r.At.Sub))
	switch r.Kind {
	case KindInput:
		if len(r.Input.Data) > maxInputData {
			return nil, fmt.Errorf("an input of %d bytes does not fit in a recording: want at most %d", len(r.Input.Data), maxInputData)
		}
		b = append(b, byte(r.Input.Kind), r.Input.Unit)
		b = append(b, r.Input.Data...)
	case KindAnswer:
		b = append(b, byte(r.Query))
		b = le.AppendUint64(b, uint64(r.Answer))
	case KindWarp:
		b = binary.AppendUvarint(b, r.Until)
	case KindHash, KindEnd:
		if len(r.Hash.Parts) > maxParts {
			return nil, fmt.Errorf("a state of %d parts does not fit in a recording: want at most %d", len(r.Hash.Parts), maxParts)
		}
		b = binary.AppendUvarint(b, uint64(len(r.Hash.Parts)))
		for _, p := range r.Hash.Parts {
			b = le.AppendUint64(b, p)
		}
		b = binary.AppendUvarint(b, r.Hash.ConsoleBytes)
		b = le.AppendUint64(b, r.Hash.ConsoleHash)
		if r.Kind == KindEnd {
			b = append(b, r.Reason[:min(len(r.Reason), maxReason)]...)
		}
	}
	return b, nil
}

var errPayload = errors.New("its payload does not have the form of its kind")

// decodeRecord is the inverse of encode.
func decodeRecord(kind Kind, payload []byte) (Record, error) {
	d := decoder{b: payload}
	r := Record{Kind: kind}
	r.At.ICount = d.uvarint()
	sub := d.uvarint()
	r.At.Sub = uint32(sub)
	if sub>>32 != 0 {
		return r, errPayload
	}
	switch kind {
	case KindInput:
		r.Input.Kind, r.Input.Unit = machine.InputKind(d.byte()), d.byte()
		if len(d.b) > maxInputData {
			return r, errPayload
		}
		r.Input.Data = d.rest()
	case KindAnswer:
		r.Query, r.Answer = machine.Query(d.byte()), int64(d.uint64())
	case KindWarp:
		r.Until = d.uvarint()
	case KindHash, KindEnd:
		r.Hash.ICount = r.At.ICount
		n := d.uvarint()
		if n > maxParts {
			return r, errPayload
		}
		for range n {
			r.Hash.Parts = append(r.Hash.Parts, d.uint64())
		}
		r.Hash.ConsoleBytes = d.uvarint()
		r.Hash.ConsoleHash = d.uint64()
		if kind == KindEnd {
			if len(d.b) > maxReason {
				return r, errPayload
			}
			r.Reason = string(d.rest())
		} else if r.At.Sub != 0 {
			return r, errPayload
		}
	case KindMark:
	default:
		return r, fmt.Errorf("format version %d knows no %v", FormatVersion, kind)
	}
	if d.failed || len(d.b) != 0 {
		return r, errPayload
	}
	return r, nil
}

// decoder takes values off the front of b; once one is missing, all are zero.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) take(n int) []byte {
	if n > len(d.b) {
		d.b, d.failed = nil, true
		return make([]byte, n)
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) byte() byte     { return d.take(1)[0] }
func (d *decoder) uint64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.failed = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}

// rest returns a copy of what is left, nil if nothing is.
func (d *decoder) rest() []byte {
	p := append([]byte(nil), d.b...)
	d.b = nil
	return p
}
