package changelog_test

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/tools/changelog"
)

const sample = `# Changelog

What versions are.

## Unreleased

- New.

### Incompatible

- Now is gone.

## v0.2.0

- Two.
  It goes on.

### Incompatible

- Then is gone.

## v0.1.0

The first version.
`

func TestParse(t *testing.T) {
	f, err := changelog.Parse(sample)
	require.NoError(t, err)
	assert.Equal(t, sample, f.String())
	assert.Equal(t, "- New.\n\n### Incompatible\n\n- Now is gone.", f.Unreleased())
	assert.Equal(t, "v0.2.0", f.Newest())
	notes, ok := f.Notes("v0.1.0")
	assert.True(t, ok)
	assert.Equal(t, "The first version.", notes)
	_, ok = f.Notes("v0.3.0")
	assert.False(t, ok)
}

func TestParse_Refuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", `its first section is not "## Unreleased"`},
		{"a version first", "# C\n\n## v0.1.0\n", `its first section is not "## Unreleased"`},
		{"no version", "## Unreleased\n## soon\n## 1.2\n", "section \"soon\" is not called like a version, as v1.2.3\nsection \"1.2\" is not"},
		{"out of order", "## Unreleased\n## v0.1.0\n## v0.2.0\n", `section "v0.2.0" stands under v0.1.0, which is not newer`},
		{"twice", "## Unreleased\n## v0.1.0\n## v0.1.0\n", `section "v0.1.0" stands under v0.1.0, which is not newer`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := changelog.Parse(tt.text)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestFile_Incompatible(t *testing.T) {
	f, err := changelog.Parse(sample)
	require.NoError(t, err)
	assert.Equal(t, "- Now is gone.", f.Incompatible("v0.2.0"))
	assert.Equal(t, "- Now is gone.\n- Then is gone.", f.Incompatible("v0.1.0"))
}

func TestFile_Prepare(t *testing.T) {
	for _, tt := range []struct{ name, text, version, want string }{
		{"a new section", "# C\n\n## Unreleased\n\n- A.\n", "v0.1.0", "# C\n\n## Unreleased\n\n## v0.1.0\n\n- A.\n"},
		{"a list goes on", "# C\n\n## Unreleased\n\n- B.\n\n## v0.1.0\n\nFirst.\n\n- A.\n", "v0.1.0", "# C\n\n## Unreleased\n\n## v0.1.0\n\nFirst.\n\n- A.\n- B.\n"},
		{"a paragraph", "# C\n\n## Unreleased\n\nB.\n\n## v0.1.0\n\n- A.\n", "v0.1.0", "# C\n\n## Unreleased\n\n## v0.1.0\n\n- A.\n\nB.\n"},
		{"part by part", sample, "v0.2.0", `# Changelog

What versions are.

## Unreleased

## v0.2.0

- Two.
  It goes on.
- New.

### Incompatible

- Then is gone.
- Now is gone.

## v0.1.0

The first version.
`},
		{"a new part", "# C\n\n## Unreleased\n\n### Incompatible\n\n- B.\n\n## v0.1.0\n\n- A.\n", "v0.1.0", "# C\n\n## Unreleased\n\n## v0.1.0\n\n- A.\n\n### Incompatible\n\n- B.\n"},
		{"nothing new", "# C\n\n## Unreleased\n\n## v0.1.0\n\n- A.\n", "v0.1.0", "# C\n\n## Unreleased\n\n## v0.1.0\n\n- A.\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := changelog.Parse(tt.text)
			require.NoError(t, err)
			require.NoError(t, f.Prepare(tt.version))
			assert.Equal(t, tt.want, f.String())
		})
	}
	f, err := changelog.Parse(sample)
	require.NoError(t, err)
	require.ErrorContains(t, f.Prepare("v0.1.5"), "v0.1.5 is older than v0.2.0")
	require.ErrorContains(t, f.Prepare("1.0"), `"1.0" is no version`)
	assert.Equal(t, sample, f.String())
}

func TestRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), changelog.Name)
	_, err := changelog.Read(name)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(name, []byte("# C\n"), 0o600))
	_, err = changelog.Read(name)
	require.ErrorContains(t, err, name+": its first section")
	require.NoError(t, os.WriteFile(name, []byte(sample), 0o600))
	f, err := changelog.Read(name)
	require.NoError(t, err)
	assert.Equal(t, sample, f.String())
}

// What is written reads as what it was written from.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("# C\r\n\r\n## Unreleased\r\n\r\n## v0.1.0\r\n")
	f.Add("## Unreleased\n### A\n### A\n")
	f.Add("## Unreleased\n\n- New.\n\n## v9999999.0.0\n")
	f.Fuzz(func(t *testing.T, text string) {
		one, err := changelog.Parse(text)
		if err != nil {
			return
		}
		two, err := changelog.Parse(one.String())
		require.NoError(t, err)
		assert.Equal(t, one.String(), two.String())
		// Not a version that is newer for certain: a changelog may have any.
		require.NoError(t, one.Prepare(cmp.Or(one.Newest(), "v0.1.0")))
		assert.Empty(t, one.Unreleased())
	})
}
