// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

var testID = ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func moment(icount uint64, sub uint32) machine.Moment {
	return machine.Moment{ICount: icount, Sub: sub}
}

// testRecords has every kind of record, and extreme values.
func testRecords() []Record {
	hash := StateHash{ICount: 5000, Parts: []uint64{0xdeadbeef12345678, 0, 1<<64 - 1}, ConsoleBytes: 77, ConsoleHash: 0xfedcba9876543210}
	final := StateHash{ICount: 1<<64 - 1, ConsoleBytes: 1<<64 - 1}
	return []Record{
		{Kind: KindAnswer, At: moment(0, 0), Ordinal: 0, Query: machine.QueryWallClock, Answer: -1700000000},
		{Kind: KindInput, At: moment(1000, 0), Now: 8000, Ordinal: 1, Input: machine.Input{Kind: machine.InputSerial, Unit: 3, Data: []byte("ls\n\x00\xff")}},
		{Kind: KindInput, At: moment(1000, 1), Now: 8000, Ordinal: 2, Input: machine.Input{Kind: machine.InputNMI}},
		{Kind: KindHash, At: moment(5000, 0), Now: 40001, Ordinal: 3, Hash: hash},
		{Kind: KindWarp, At: moment(5000, 7), Now: 40001, Ordinal: 3, Until: 1<<64 - 2},
		{Kind: KindSnapshot, At: moment(5000, 8), Now: 40001, Ordinal: 4, Snapshot: "before-the-bug"},
		{Kind: KindMark, At: moment(1<<40, 2), Now: 1 << 43, Ordinal: 4},
		{Kind: KindInput, At: moment(1<<40, 1<<32-1), Now: 1<<43 + 1, Ordinal: 4, Input: machine.Input{Kind: machine.InputEnd}},
		{Kind: KindEnd, At: moment(1<<64-1, 4), Now: 1<<64 - 1, Ordinal: 5, Hash: final, Reason: "power off"},
	}
}

const testEvents = 5 // in testRecords

// encodeBlock returns records as a block.
func encodeBlock(t testing.TB, records []Record) []byte {
	t.Helper()
	var b buffer
	for i := range records {
		if err := b.add(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b.block()
}

// encodeLog returns a log with n records in each block.
func encodeLog(t testing.TB, records []Record, n int) []byte {
	t.Helper()
	log := logFormat.Header(testID)
	for len(records) > 0 {
		n = min(n, len(records))
		log = framed.Append(log, testID, int64(len(log)), frameBlock, encodeBlock(t, records[:n]))
		records = records[n:]
	}
	return log
}

// memoryFile is a log in memory.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func fileOf(log []byte) tapeFile { return memoryFile{bytes.NewReader(log)} }

// readLog returns the records of a log, and the error that loading it ends with:
// io.EOF if it is complete.
func readLog(log []byte) ([]Record, error) {
	tape, err := readTape(fileOf(log), "log")
	if tape == nil {
		return nil, err
	}
	var records []Record
	for r, err := range tape.Records() {
		if err != nil {
			return records, errors.New("what was loaded cannot be read: " + err.Error())
		}
		records = append(records, r)
	}
	switch cut := tape.End().CutOff; {
	case err != nil && err != cut:
		return records, errors.New("the end and the error of the tape are not the same")
	case cut != nil:
		return records, cut
	}
	return records, io.EOF
}

func isPrefix(got, want []Record) bool {
	return len(got) == 0 || len(got) <= len(want) && reflect.DeepEqual(got, want[:len(got)])
}

// goodUpTo reports whether an error of reading a log says that it is good up to a
// moment, or that not even its header is.
func goodUpTo(err error, last machine.Moment) bool {
	return strings.HasSuffix(err.Error(), fmt.Sprintf("; it is good up to %v", last)) ||
		last == machine.Moment{} && strings.HasSuffix(err.Error(), "; nothing of it can be used")
}

// lastOf is the moment up to which records reach.
func lastOf(records []Record) machine.Moment {
	if len(records) == 0 {
		return machine.Moment{}
	}
	return records[len(records)-1].At
}

func TestLogRoundTrip(t *testing.T) {
	want := testRecords()
	for n := 1; n <= len(want); n++ {
		got, err := readLog(encodeLog(t, want, n))
		if err != io.EOF || !reflect.DeepEqual(got, want) {
			t.Errorf("a log of blocks of %d records reads as\n%+v, error %v; want\n%+v", n, got, err, want)
		}
	}
}

func TestLogCutAtEveryByte(t *testing.T) {
	all := testRecords()
	for perBlock := range 4 {
		whole := encodeLog(t, all, perBlock+1)
		for _, tail := range []int{0, 1, 9, 5000} { // zeros after the cut, as after a power cut
			for n := range whole {
				got, err := readLog(append(bytes.Clone(whole[:n]), make([]byte, tail)...))
				if n < framed.HeaderSize && tail > 0 {
					if err == nil || err == io.EOF || len(got) > 0 {
						t.Errorf("a header cut at byte %d and %d zeros: %d records, error %v", n, tail, len(got), err)
					}
					continue
				}
				var cut *badfile.CutOffError
				if !errors.As(err, &cut) {
					t.Errorf("cut at byte %d, then %d zeros: error %v; want CutOffError", n, tail, err)
					continue
				}
				if !isPrefix(got, all) || len(got) == len(all) || !goodUpTo(err, lastOf(got)) {
					t.Errorf("cut at byte %d, then %d zeros: %d records that are not the first ones: %v", n, tail, len(got), err)
				}
				if cut.Offset > int64(n) {
					t.Errorf("cut at byte %d: whole blocks end at %d", n, cut.Offset)
				}
			}
		}
	}
}

func TestLogEveryBitFlip(t *testing.T) {
	all := testRecords()
	whole := encodeLog(t, all, 2)
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			got, err := readLog(b)
			var damaged *badfile.DamagedError
			if !errors.As(err, &damaged) {
				t.Errorf("byte %d bit %d flipped: error %v; want DamagedError", i, bit, err)
				continue
			}
			if damaged.File != "log" || damaged.Offset > int64(i) || !isPrefix(got, all) || !goodUpTo(err, lastOf(got)) {
				t.Errorf("byte %d bit %d flipped: %d records, %v; want the block at or before it and what comes before", i, bit, len(got), err)
			}
		}
	}
}

// longLog is a log of many blocks, with events in every third.
func longLog(t testing.TB) ([]Record, []byte) {
	var all []Record
	events := uint64(0)
	for n := range uint64(3000) {
		r := Record{Kind: KindMark, At: moment(n*1000, 0), Now: n * 1000, Ordinal: events}
		switch {
		case n%100 == 50:
			r.Kind, r.Hash = KindHash, StateHash{ICount: n * 1000, Parts: []uint64{n, n * n}}
		case n/10%3 == 1:
			r.Kind, r.Input = KindInput, machine.Input{Kind: machine.InputSerial, Data: []byte{byte(n), byte(n >> 8)}}
			events++
		}
		all = append(all, r)
	}
	return all, encodeLog(t, all, 10)
}

func TestLogZeroedBlock(t *testing.T) {
	all, whole := longLog(t)
	const size = 4096
	for at := 0; at+size < len(whole); at += size / 4 {
		b := bytes.Clone(whole)
		clear(b[at : at+size])
		got, err := readLog(b)
		var damaged *badfile.DamagedError
		if !errors.As(err, &damaged) || !isPrefix(got, all) || !goodUpTo(err, lastOf(got)) || damaged.Offset > int64(at) {
			t.Errorf("bytes %d to %d zeroed: %d records, error %v; want those before and badfile.DamagedError", at, at+size, len(got), err)
		}
		if at > 0 && len(got) == 0 {
			t.Errorf("bytes %d to %d zeroed: nothing is left", at, at+size)
		}
	}
}

func TestLogRefusals(t *testing.T) {
	all := testRecords()
	whole := encodeLog(t, all, 1)
	newer := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(newer[8:], FormatVersion+1)
	binary.LittleEndian.PutUint32(newer[28:], crc32.Checksum(newer[:28], crc32.MakeTable(crc32.Castagnoli)))
	frame := func(kind byte, payload []byte) []byte {
		return framed.Append(logFormat.Header(testID), testID, framed.HeaderSize, kind, payload)
	}
	// head is a block's beginning: ordinal, records, icount, ns, codec.
	block := func(records, codec byte, rest ...byte) []byte {
		return frame(frameBlock, append([]byte{0, records, 0, 0, codec}, rest...))
	}
	// record has kind, icount, sub, ns, ordinal and then the payload with its length.
	record := func(kind Kind, sub byte, payload ...byte) []byte {
		return append([]byte{byte(kind), 1, sub, 0, 0, byte(len(payload))}, payload...)
	}
	one := func(b []byte) []byte { return block(1, codecRaw, b...) }
	zeros := compressor().EncodeAll(make([]byte, maxRecords), nil)
	bomb := compressor().EncodeAll(make([]byte, 64<<20), nil)
	sized := func(n uint64, packed []byte) []byte {
		return block(1, codecZstd, append(binary.AppendUvarint(nil, n), packed...)...)
	}
	tests := []struct {
		name string
		log  []byte
		want any
		says string
	}{
		{"a newer version", newer, new(*badfile.VersionError), "version 3, this vmrr reads version 2"},
		{"no log at all", []byte("#!/bin/sh\n"), new(*badfile.DamagedError), "nothing of it can be used"},
		{"empty", nil, new(*badfile.CutOffError), "nothing of it can be used"},
		{"bytes after the end", append(bytes.Clone(whole), 0), new(*badfile.DamagedError), "behind the end"},
		{"a block after the end", framed.Append(bytes.Clone(whole), testID, int64(len(whole)), frameBlock, encodeBlock(t, all[8:])), new(*badfile.DamagedError), "behind the end"},
		{"a record after the end", encodeLog(t, []Record{all[8], all[8]}, 2), new(*badfile.DamagedError), "comes after the end"},
		{"a moment that goes back", encodeLog(t, []Record{all[2], {Kind: KindMark, At: all[1].At, Now: all[2].Now, Ordinal: 3}}, 1), new(*badfile.DamagedError), "comes after one for icount 1000+1"},
		{"a moment that goes back in a block", encodeLog(t, []Record{all[2], {Kind: KindMark, At: all[1].At, Now: all[2].Now, Ordinal: 3}}, 2), new(*badfile.DamagedError), "comes after one for icount 1000+1"},
		{"time that goes back", encodeLog(t, []Record{all[2], {Kind: KindMark, At: all[3].At, Now: all[2].Now - 1, Ordinal: 3}}, 1), new(*badfile.DamagedError), "at 7999 ns comes after one at 8000 ns"},
		{"an event twice", encodeLog(t, []Record{all[2], all[2]}, 1), new(*badfile.DamagedError), "behind 2 events comes after one behind 3"},
		{"an unknown kind of frame", frame(2, encodeBlock(t, all[:1])), new(*badfile.DamagedError), "no frame of kind 2"},
		{"a frame that is too large", frame(frameBlock, make([]byte, maxFrame+1)), new(*badfile.DamagedError), "the most is"},
		{"no payload", frame(frameBlock, nil), new(*badfile.DamagedError), "form"},
		{"a block of no records", block(0, codecRaw), new(*badfile.DamagedError), "0 records"},
		{"fewer records than said", block(2, codecRaw, record(KindMark, 0)...), new(*badfile.DamagedError), "2 records"},
		{"more records than said", block(1, codecRaw, append(record(KindMark, 0), record(KindMark, 0)...)...), new(*badfile.DamagedError), "behind its last record"},
		{"an unknown codec", block(1, 2, record(KindMark, 0)...), new(*badfile.DamagedError), "no codec 2"},
		{"an unknown kind of record", one(record(99, 0)), new(*badfile.DamagedError), "no record kind 99"},
		{"an input without a kind", one(record(KindInput, 0)), new(*badfile.DamagedError), "form"},
		{"a mark with a payload", one(record(KindMark, 0, 1)), new(*badfile.DamagedError), "form"},
		{"an answer that is too short", one(record(KindAnswer, 0, 1, 2, 3)), new(*badfile.DamagedError), "form"},
		{"a payload that is not there", one([]byte{byte(KindMark), 1, 0, 0, 0, 200, 1}), new(*badfile.DamagedError), "form"},
		{"a sub of 33 bits", one([]byte{byte(KindMark), 1, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0}), new(*badfile.DamagedError), "form"},
		{"an icount of 65 bits", one(append([]byte{byte(KindMark)}, append(bytes.Repeat([]byte{0xff}, 10), 0, 0, 0, 0)...)), new(*badfile.DamagedError), "form"},
		{"an icount that overflows", frame(frameBlock, append(binary.AppendUvarint([]byte{0, 1}, 1<<64-1), append([]byte{0, codecRaw}, record(KindMark, 0)...)...)), new(*badfile.DamagedError), "form"},
		{"a hash that is not canonical", one(record(KindHash, 1, make([]byte, 10)...)), new(*badfile.DamagedError), "form"},
		{"a hash of too many parts", one(record(KindHash, 0, 0x81, 2)), new(*badfile.DamagedError), "form"},
		{"a hash without its parts", one(record(KindHash, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)), new(*badfile.DamagedError), "form"},
		{"a snapshot without a name", one(record(KindSnapshot, 0)), new(*badfile.DamagedError), "form"},
		{"a snapshot with a path for a name", one(record(KindSnapshot, 0, []byte("../x")...)), new(*badfile.DamagedError), "form"},
		{"an oversized input", one(append([]byte{byte(KindInput), 1, 0, 0, 0, 0x83, 0x80, 4}, make([]byte, maxInputData+3)...)), new(*badfile.DamagedError), "form"},
		{"an oversized reason", one(append([]byte{byte(KindEnd), 1, 0, 0, 0, 0x8b, 8}, make([]byte, 10+maxReason+1)...)), new(*badfile.DamagedError), "form"},
		{"zstd of something else", sized(10, []byte("no zstd")), new(*badfile.DamagedError), "decompressing"},
		{"zstd with more than it says", sized(100, zeros), new(*badfile.DamagedError), "decompressing"},
		{"zstd with less than it says", sized(100, compressor().EncodeAll(make([]byte, 90), nil)), new(*badfile.DamagedError), "90 bytes of records, want 100"},
		{"zstd of too much", sized(64<<20, bomb), new(*badfile.DamagedError), "the most is"},
		{"zstd of too much that says it is little", sized(maxRecords, bomb), new(*badfile.DamagedError), "decompressing"},
	}
	for _, test := range tests {
		got, err := readLog(test.log)
		if !errors.As(err, test.want) || !strings.Contains(err.Error(), test.says) || !isPrefix(got, all) && !isPrefix(got, all[2:]) && !isPrefix(got, all[8:]) {
			t.Errorf("%s: %d records, error %v; want %T saying %q", test.name, len(got), err, test.want, test.says)
		}
	}
	// What the refusals are made of is accepted.
	for name, log := range map[string][]byte{
		"a mark":         one(record(KindMark, 0)),
		"an empty hash":  one(record(KindHash, 0, make([]byte, 10)...)),
		"a name":         one(record(KindSnapshot, 0, 'x')),
		"an input":       one(append([]byte{byte(KindInput), 1, 0, 0, 0, 0x82, 0x80, 4}, make([]byte, maxInputData+2)...)),
		"a long reason":  one(append([]byte{byte(KindEnd), 1, 0, 0, 0, 0x8a, 8}, make([]byte, 10+maxReason)...)),
		"a zstd of mark": sized(6, compressor().EncodeAll(record(KindMark, 0), nil)),
	} {
		if got, err := readLog(log); len(got) != 1 {
			t.Errorf("%s is not accepted: %v", name, err)
		}
	}
}

// FuzzLog reads any bytes, as a log, as a block behind good checks, or as the
// records of one: it must not panic, and what can be read must survive being
// written again.
func FuzzLog(f *testing.F) {
	all := testRecords()
	whole := encodeLog(f, all, 3)
	f.Add(whole, byte(0))
	f.Add(whole[:100], byte(0))
	f.Add(encodeBlock(f, all), byte(1))
	f.Add(encodeBlock(f, []Record{all[3], all[3], all[3]}), byte(1))
	var b buffer
	for i := range all {
		b.add(&all[i])
	}
	f.Add(b.records, byte(2))
	f.Fuzz(func(t *testing.T, b []byte, how byte) {
		switch how % 3 {
		case 1:
			b = framed.Append(logFormat.Header(testID), testID, framed.HeaderSize, frameBlock, b[:min(len(b), maxFrame)])
		case 2:
			count := byte(len(b) / minRecord % 128)
			b = append([]byte{0, count, 0, 0, codecRaw}, b[:min(len(b), maxRecords)]...)
			b = framed.Append(logFormat.Header(testID), testID, framed.HeaderSize, frameBlock, b)
		}
		records, err := readLog(b)
		var damaged *badfile.DamagedError
		var cut *badfile.CutOffError
		var version *badfile.VersionError
		if err != io.EOF && !errors.As(err, &damaged) && !errors.As(err, &cut) && !errors.As(err, &version) {
			t.Fatalf("reading ends with %v", err)
		}
		if len(records) == 0 {
			return
		}
		for i := range records {
			if records[i].Summary() == "" {
				t.Fatalf("the summary of %+v is empty", records[i])
			}
		}
		again, err := decodeBlock(encodeBlock(t, records))
		if err != nil || !reflect.DeepEqual(again, records) {
			t.Fatalf("records\n%+v are written and read as\n%+v, error %v", records, again, err)
		}
	})
}
