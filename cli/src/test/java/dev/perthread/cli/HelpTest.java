package dev.perthread.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command says about itself. */
class HelpTest {

    @Test
    void help_names_the_commands_and_the_exit_statuses() throws Exception {
        Cli.Result help = Cli.run("--help");

        assertThat(help.status()).isZero();
        assertThat(help.err()).isEmpty();
        assertThat(help.out())
                .contains("fetch", "timeline", "top", "serve", "generate-completion", "Exit status", "130");
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void help_on_fetch_tells_every_option_with_its_default() throws Exception {
        Cli.Result help = Cli.run("fetch", "--help");

        assertThat(help.status()).isZero();
        assertThat(help.out().replaceAll("\\s+", " "))
                .contains(
                        "--threads",
                        "--requests",
                        "--virtual",
                        "--timeout",
                        "--max-time",
                        "--max-bytes",
                        "--keep",
                        "--lend",
                        "--limit",
                        "--limit-per-host",
                        "--unix",
                        "--cacert",
                        "--cert",
                        "--key",
                        "--insecure",
                        "--record",
                        "--timeline",
                        "--quiet",
                        "--json")
                .contains("Default: 2.", "Default: 1.", "Default: 10.", "Default: 10m.", "Default: 64M.");
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void version_names_ours_and_javas() throws Exception {
        Cli.Result version = Cli.run("--version");

        assertThat(version.status()).isZero();
        assertThat(version.lines())
                .singleElement()
                .asString()
                .matches("perthread \\d+\\.\\d+\\.\\d+\\S*, Java "
                        + Pattern.quote(Runtime.version().toString()));
    }

    @Test
    void the_completion_script_is_one_that_bash_understands(@TempDir Path directory) throws Exception {
        Cli.Result script = Cli.run("generate-completion");
        Path file = directory.resolve("completion");
        Files.writeString(file, script.out());

        assertThat(script.status()).isZero();
        assertThat(script.out()).contains("--threads", "serve");
        assertThat(Cli.runAny(List.of("bash", "-n", file.toString()), directory).status())
                .isZero();
    }
}
