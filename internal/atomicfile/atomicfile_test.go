// SPDX-License-Identifier: GPL-2.0-or-later

package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteReplacesWholeFilesOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	put := func(s string, fail error) error {
		return Write(path, func(w io.Writer) error {
			io.WriteString(w, s)
			return fail
		})
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("two", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := put("three", broken); !errors.Is(err, broken) {
		t.Errorf("Write with a failing fill = %v; want %v", err, broken)
	}
	if got, _ := os.ReadFile(path); string(got) != "two" {
		t.Errorf("after a failed Write the file holds %q; want the old %q", got, "two")
	}
	names, _ := os.ReadDir(dir)
	if len(names) != 1 {
		t.Errorf("the directory holds %v; want the file alone", names)
	}
	if err := Write(filepath.Join(dir, "no", "x"), func(io.Writer) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Write into a missing directory = %v; want not-exist", err)
	}
}
