package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.perthread.cli.Cli;
import dev.perthread.cli.Json;
import dev.perthread.cli.Server;
import dev.perthread.cli.console.Output;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes from outside is shown, never obeyed: found by fuzzing, and kept. */
class ForeignTextTest {

    @ParameterizedTest
    @ValueSource(strings = {"\u001b[31m", "a\tb", "\u007f"})
    void what_a_terminal_would_obey_is_shown_instead(String given) throws Exception {
        for (String[] arguments : new String[][] {
            {"fetch", "--threads", given}, {"fetch", "http://" + given}, {"fetch", "--" + given}, {given}
        }) {
            Cli.Result result = Cli.runHere(arguments);

            assertThat(result.status()).isEqualTo(2);
            String line = result.err().strip();
            assertThat(line).startsWith("perthread: ").contains(Output.plain(given));
            assertThat(line.chars().noneMatch(Character::isISOControl)).as(line).isTrue();
        }
    }

    @Test
    void controls_directions_ends_of_line_and_half_pairs_are_shown_as_escapes() {
        assertThat(Output.plain("a\u001b\u009b\u202e\u2028\ud800b \u00e9\ud83d\ude00"))
                .isEqualTo("a\\u001b\\u009b\\u202e\\u2028\\ud800b \u00e9\ud83d\ude00");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://a\uff0fb/", "http://a\u00a8b/", "http://a\uff1ab/", "http://a%20b/", "http://a!b/"})
    void a_host_that_only_looks_like_one_is_refused(String given) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Target.parse(given))
                .withMessageStartingWith("must be http[s]://HOST[:PORT][/PATH], but '" + given + "' names the host ");
    }

    @Test
    void half_a_character_is_refused_like_everything_else_that_is_no_url() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Target.parse("http://h/\ud800"))
                .withMessageContaining("is not a URL");
    }

    @ParameterizedTest
    @ValueSource(strings = {"X: \rContent-Length: 9\r\n", "X: \u0085Content-Length: 9\r\n"})
    void only_a_line_feed_begins_a_new_field_of_an_answer(String field) {
        ResponseInspector answer = answer("HTTP/1.1 200 OK\r\n" + field + "\r\nabc");

        assertThat(answer.complaint()).isNull();
    }

    @Test
    void what_comes_before_the_first_line_feed_is_the_status_line() {
        ResponseInspector answer = answer("HTTP/1.1 200 OK\rContent-Length: 3\r\nContent-Length: 9\r\n\r\nabc");

        assertThat(answer.complaint()).isEqualTo("the response ends early: 3 of 9 bytes of content came");
    }

    @Test
    void a_status_below_100_is_none() {
        assertThat(answer("HTTP/1.1 001 OK\r\n\r\n").complaint()).startsWith("the response is not HTTP");
    }

    private static ResponseInspector answer(String text) {
        ResponseInspector answer = new ResponseInspector();
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        answer.add(bytes, 0, bytes.length);
        return answer;
    }

    @Test
    void json_escapes_every_control_character_that_a_server_sends() throws Exception {
        try (Server server = Server.sending("HTTP/1.1 200 OK\r\nbad \u009b2J\u007f field\r\n\r\n")) {
            Cli.Result result = Cli.run("fetch", "--json", "--keep", "-t", "1", server.url("/"));

            assertThat(result.out()).contains("\\u009B2J\\u007F field");
            assertThat(result.out().chars().filter(c -> c != '\n').noneMatch(Character::isISOControl))
                    .isTrue();
            Map<?, ?> only = (Map<?, ?>) ((List<?>) Json.parse(result.out()).get("results")).get(0);
            assertThat((String) only.get("failure")).contains("bad \u009b2J\u007f field");
        }
    }
}
