package tlsx

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// trail is what leads to files: folders, without a link in their paths, and the
// names in each whose change leads elsewhere.
type trail map[string][]string

// walk adds what leads to path, as far as it exists: the folder of each
// symbolic link, and the one of what it leads to; or the folder in which the
// next element is missing.
func (t trail) walk(path string) {
	path, err := absolute(path)
	if err != nil {
		return // no working directory: it cannot be opened either
	}
	folder, left := split(path)
	for links := 0; len(left) > 0; {
		name := left[0]
		left = left[1:]
		if name == ".." {
			folder = filepath.Dir(folder)
			continue
		}
		full := filepath.Join(folder, name)
		info, err := os.Lstat(full)
		switch {
		case err == nil && info.Mode()&os.ModeSymlink != 0:
			t.add(folder, name)
			target, err := os.Readlink(full)
			if links++; err != nil || links > maxLinks {
				return
			}
			if filepath.IsAbs(target) {
				folder, target = root(target)
			}
			left = append(elements(target), left...)
		case err != nil || len(left) == 0:
			t.add(folder, name)
			return
		default:
			folder = full
		}
	}
}

// absolute is filepath.Abs, but leaves ".." where it is: after a link it leads to
// the folder above what the link stands for. Windows takes it out by name, too.
func absolute(path string) (string, error) {
	if runtime.GOOS == "windows" {
		return filepath.Abs(path)
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	folder, err := os.Getwd()
	return folder + "/" + path, err
}

func (t trail) add(folder, name string) {
	if !slices.Contains(t[folder], name) {
		t[folder] = append(t[folder], name)
	}
}

// split returns the root of an absolute path, and the elements below.
func split(path string) (folder string, left []string) {
	folder, rest := root(path)
	return folder, elements(rest)
}

func root(path string) (folder, rest string) {
	volume := filepath.VolumeName(path)
	return volume + string(filepath.Separator), path[len(volume):]
}

// elements returns those of a path that lead anywhere.
func elements(path string) []string {
	all := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == filepath.Separator })
	return slices.DeleteFunc(all, func(name string) bool { return name == "." })
}
