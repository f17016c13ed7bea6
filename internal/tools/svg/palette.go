package svg

import (
	"fmt"
	"strings"
)

// A Color is what a picture has on a light page. Pictures have no others than those of Palette.
type Color string

// What colours are for.
const (
	Ground     Color = "#fdfdfe" // behind everything
	Ink        Color = "#1f2328" // text
	Faint      Color = "#57606a" // text that matters less, arrows
	Rule       Color = "#d0d7de" // borders, grids
	Plain      Color = "#f0f2f4" // areas
	Blue       Color = "#0969da" // lines and bars
	Green      Color = "#1a7f37"
	Amber      Color = "#9a6700"
	Red        Color = "#cf222e"
	Violet     Color = "#8250df"
	BlueArea   Color = "#ddeeff" // areas with text on them
	GreenArea  Color = "#dcf5e3"
	AmberArea  Color = "#fff3d0"
	RedArea    Color = "#ffe3e0"
	VioletArea Color = "#f0e6ff"
)

// Palette has each colour with the one that takes its place on a dark page.
var Palette = []struct{ Light, Dark Color }{
	{Ground, "#0d1117"},
	{Ink, "#e6edf3"},
	{Faint, "#9aa4af"},
	{Rule, "#3d444d"},
	{Plain, "#1c2129"},
	{Blue, "#58a6ff"},
	{Green, "#3fb950"},
	{Amber, "#d29922"},
	{Red, "#ff7b72"},
	{Violet, "#bc8cff"},
	{BlueArea, "#12304f"},
	{GreenArea, "#12351f"},
	{AmberArea, "#3d2e05"},
	{RedArea, "#4a1a1a"},
	{VioletArea, "#2c1e4a"},
}

// Style is the style sheet of all pictures.
func Style() string {
	var b strings.Builder
	b.WriteString("@media (prefers-color-scheme:dark){")
	for _, c := range Palette {
		fmt.Fprintf(&b, `[fill="%s"]{fill:%s}[stroke="%s"]{stroke:%s}`, c.Light, c.Dark, c.Light, c.Dark)
	}
	b.WriteString("}")
	return b.String()
}
