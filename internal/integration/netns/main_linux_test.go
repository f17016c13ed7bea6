package netns_test

import (
	"os"
	"testing"

	"github.com/strata-net/strata/internal/integration/ownspace"
)

func TestMain(m *testing.M) { os.Exit(ownspace.Main(m, nil)) }
