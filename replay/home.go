// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

const latestName = "latest"

// Home returns the directory that holds the recordings made without a name:
// $XDG_DATA_HOME/vmrr, where the variable defaults to ~/.local/share (XDG Base
// Directory Specification; a relative value is ignored, as it demands).
func Home() (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the place for recordings: %w", err)
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "vmrr"), nil
}

// CreateNext is Create in the next numbered directory (0001, 0002, ...) under Home.
func CreateNext(m Manifest) (*Dir, error) {
	path, err := nextDir()
	if err != nil {
		return nil, err
	}
	d, err := Create(path, m)
	if err != nil {
		os.Remove(path)
		return nil, err
	}
	d.made = []string{path}
	return d, nil
}

// nextDir makes that directory, empty and this caller's alone.
func nextDir() (string, error) {
	home, err := Home()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", fmt.Errorf("making a place for the recording: %w", err)
	}
	entries, err := os.ReadDir(home)
	if err != nil {
		return "", fmt.Errorf("making a place for the recording: %w", err)
	}
	n := uint64(0)
	for _, e := range entries {
		if v, err := strconv.ParseUint(e.Name(), 10, 32); err == nil {
			n = max(n, v)
		}
	}
	for {
		n++
		dir := filepath.Join(home, fmt.Sprintf("%04d", n))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrExist) { // else another recorder was faster
			return "", fmt.Errorf("making a place for the recording: %w", err)
		}
	}
}

// Latest returns the recording that SetLatest named last. If there is none, or no
// longer, the error is fs.ErrNotExist.
func Latest() (string, error) {
	home, err := Home()
	if err != nil {
		return "", err
	}
	link := filepath.Join(home, latestName)
	dir, err := filepath.EvalSymlinks(link)
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return "", fmt.Errorf("finding the latest recording: %w", err)
		}
		return dir, nil
	}
	if target, err := os.Readlink(link); err == nil {
		return "", missingError(fmt.Sprintf("the latest recording was %s, which is gone: name another one", target))
	}
	return "", missingError(fmt.Sprintf("there is no latest recording in %s: name one, or make one with vmrr record", home))
}

// SetLatest makes dir, a directory in any place, what Latest returns. The link is
// replaced atomically.
func SetLatest(dir string) error {
	home, err := Home()
	if err != nil {
		return err
	}
	target, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("naming the latest recording: %w", err)
	}
	if filepath.Dir(target) == home {
		target = filepath.Base(target) // so that Home can be moved
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("naming the latest recording: %w", err)
	}
	temp := filepath.Join(home, fmt.Sprintf(".%s.tmp-%d", latestName, os.Getpid()))
	os.Remove(temp) // left by a killed process of the same number, if it is there
	if err := os.Symlink(target, temp); err != nil {
		return fmt.Errorf("naming the latest recording: %w", err)
	}
	if err := os.Rename(temp, filepath.Join(home, latestName)); err != nil {
		os.Remove(temp)
		return fmt.Errorf("naming the latest recording: %w", err)
	}
	return nil
}
