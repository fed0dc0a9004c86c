package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/rubberimport"
	"perfmon/cmd/internal/verbs"
)

// maxImport bounds the ancestor's configuration.
const maxImport = 4 << 20

// imported is what rubber import-config --output json prints.
type imported struct {
	Config string   `json:"config"` // rubber.yaml
	Files  []string `json:"files"`  // that belong to it; what is in them may be a secret
	Notes  []string `json:"notes"`  // what was not carried over as it was
}

func newImportConfig() *cobra.Command {
	var store, dir, output string
	cmd := &cobra.Command{
		Use:   "import-config FILE",
		Short: "make a configuration of the ancestor's",
		Long: `import-config reads the configuration of the daemon that rubber descends from,
the Python file that VRP_CONFIGURATION names, without running it, and prints a
rubber.yaml that means the same, each key with what it was called. What could
not be carried over is told on standard error.

With --store it reads that daemon's store too, vm_object_store.dat, and the
machines in it become rubber's. With --out it writes the configuration and the
files that belong to it, those with secrets readable by their owner alone,
into a folder in which none of them is yet; they belong to whom the folder
belongs to.

Exit codes: 0 done, 1 wrong words, 2 a file could not be read or written.`,
		Example: `  rubber import-config old.py | less
  rubber import-config old.py --store vm_object_store.dat --out /etc/rubber
  rubber plan --config /etc/rubber/rubber.yaml`,
		Args: oneArgument("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := verbs.CheckOutput(output); err != nil {
				return err
			}
			r, err := readAncestor(args[0], store)
			if err != nil {
				return verbs.Failed(err)
			}
			if dir != "" {
				err := r.Write(dir)
				if err == nil {
					err = giveTo(dir, r)
				}
				if err != nil {
					return verbs.Failed(err)
				}
			}
			return tellImported(cmd, r, dir, output)
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "`FILE` with the ancestor's machines, vm_object_store.dat")
	cmd.Flags().StringVar(&dir, "out", "", "write the files into this `FOLDER`")
	verbs.AddOutput(cmd, &output)
	return cmd
}

func readAncestor(path, store string) (*rubberimport.Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxImport+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxImport {
		return nil, fmt.Errorf("%s: it has more than %d bytes, and is no such configuration", path, maxImport)
	}
	var machines []rubberimport.Machine
	var notes []rubberimport.Note
	if store != "" {
		if machines, notes, err = rubberimport.ReadStore(store); err != nil {
			return nil, err
		}
	}
	r, err := rubberimport.Convert(text, machines)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.Notes = append(r.Notes, notes...)
	return r, nil
}

// giveTo has the files belong to whom the folder belongs to: root makes them for
// the user that rubber runs as.
func giveTo(dir string, r *rubberimport.Result) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	for _, f := range r.Files {
		if err := os.Lchown(filepath.Join(dir, f.Name), int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return nil
}

func tellImported(cmd *cobra.Command, r *rubberimport.Result, dir, output string) error {
	out := imported{Config: string(r.Config()), Files: []string{}, Notes: []string{}}
	for _, f := range r.Files {
		out.Files = append(out.Files, f.Name)
	}
	for _, n := range r.Notes {
		out.Notes = append(out.Notes, n.String())
	}
	if output == "json" {
		text, err := console.JSON(out)
		if err != nil {
			return verbs.Failed(err)
		}
		return verbs.Write(cmd.OutOrStdout(), string(text))
	}
	stderr := cmd.ErrOrStderr()
	for _, n := range out.Notes {
		fmt.Fprintln(stderr, console.Printable(n))
	}
	if dir == "" {
		if len(out.Files) > 1 {
			fmt.Fprintf(stderr, "%s belong to it, and --out writes them\n", count(len(out.Files)-1, "file"))
		}
		return verbs.Write(cmd.OutOrStdout(), out.Config)
	}
	text := ""
	for _, name := range out.Files {
		text += filepath.Join(dir, name) + "\n"
	}
	return verbs.Write(cmd.OutOrStdout(), text)
}
