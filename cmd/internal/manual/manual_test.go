package manual

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestTree(t *testing.T) {
	root := &cobra.Command{Use: "tool", Short: "does things", Run: func(*cobra.Command, []string) {}}
	child := &cobra.Command{
		Use: "look FILE...", Short: "look at files", Example: "  tool look a-b",
		Long: "look looks at files.\n.hidden too.\n\n.hidden again.\n\nExit codes:\n  0 done\n\\ is kept.",
		Run:  func(*cobra.Command, []string) {},
	}
	child.Flags().IntP("count", "c", 3, "look `N` times")
	child.Flags().Bool("secret", false, "not shown")
	if err := child.Flags().MarkHidden("secret"); err != nil {
		t.Fatal(err)
	}
	root.AddCommand(child, &cobra.Command{Use: "hidden", Hidden: true, Run: func(*cobra.Command, []string) {}})
	pages := Tree(root)
	if len(pages) != 2 {
		t.Errorf("%d pages, want 2", len(pages))
	}
	const wantLook = `.TH "TOOL-LOOK" 1 "2026-02-03" "perfmon 1.2" "perfmon"
.nh
.ad l
.SH NAME
tool\-look \- look at files
.SH SYNOPSIS
.B tool look FILE... [flags]
.SH DESCRIPTION
look looks at files. .hidden too.
.PP
\&.hidden again.
.PP
Exit codes:
.PP
.nf
  0 done
.fi
.PP
\e is kept.
.SH OPTIONS
.TP
\fB\-c, \-\-count\fR \fIN\fR
look N times (default 3)
.TP
\fB\-h, \-\-help\fR
help for look
.SH EXAMPLES
.nf
  tool look a\-b
.fi
.SH SEE ALSO
.BR tool (1)
`
	date := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	if diff := cmp.Diff(wantLook, pages["tool-look"].Troff(date, "1.2")); diff != "" {
		t.Errorf("tool-look (-want +got):\n%s", diff)
	}
	const wantTool = `.TH "TOOL" 1 "2026-02-03" "perfmon 1.2" "perfmon"
.nh
.ad l
.SH NAME
tool \- does things
.SH SYNOPSIS
.B tool [flags]
.SH DESCRIPTION
does things
.SH OPTIONS
.TP
\fB\-h, \-\-help\fR
help for tool
.SH SEE ALSO
.BR tool\-look (1),
.BR perfmon (8)
`
	if diff := cmp.Diff(wantTool, pages["tool"].Troff(date, "1.2")); diff != "" {
		t.Errorf("tool (-want +got):\n%s", diff)
	}
}
