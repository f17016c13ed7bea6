package main

import (
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A browser shows the page: its style is applied, and nothing reaches out of a narrow window.
func TestAdminInChromium(t *testing.T) {
	need(t, "chromium")
	p := spawn(t, withAdmin(`admin: {address: "127.0.0.1:0"}`))
	found := regexp.MustCompile(`msg="admin page" address=(\S+)`).FindStringSubmatch(p.log.String())
	require.Len(t, found, 2, &p.log)
	url := "http://" + found[1] + "/"
	plain := dialTCP(t, p.address(t, "plain"))
	fmt.Fprint(plain, "hello")
	heard(t, plain, "hello")

	dom := chromium(t, url, "--dump-dom")
	assert.Regexp(t, `<h1>gateway</h1>`, dom)
	assert.Regexp(t, `<tr role="row"><th scope="row" role="rowheader" data-label="Name"><a href="\?id=1">plain</a></th>`, dom)
	assert.Contains(t, dom, plain.LocalAddr().String())
	assert.Contains(t, dom, ">established<")
	assert.NotContains(t, dom, `class="differs"`)

	shot := filepath.Join(t.TempDir(), "page.png")
	chromium(t, url, "--screenshot="+shot, "--window-size=500,900", "--hide-scrollbars")
	f, err := os.Open(shot)
	require.NoError(t, err)
	defer f.Close()
	picture, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 500, picture.Bounds().Dx())
	colors := map[any]bool{}
	for x := range 500 {
		for y := range 900 {
			colors[picture.At(x, y)] = true
		}
	}
	assert.Greater(t, len(colors), 20, "there is something to see")
	p.terminate(t)
	plain.Close()
	require.Equal(t, 0, p.ended(t))
}

// chromium runs the browser without a window.
func chromium(t *testing.T, url string, args ...string) string {
	t.Helper()
	args = append(args, "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-background-networking",
		"--no-first-run", "--user-data-dir="+t.TempDir(), url)
	cmd := exec.CommandContext(t.Context(), "chromium", args...)
	cmd.WaitDelay = patience // a child may have its output for a while longer
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}
