package example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The translated README: what a reader types, copies or follows is the same as in the original. */
class TranslationTest {
    private static final Pattern BLOCK = Pattern.compile("(?s)```.*?```");
    private static final Pattern CODE = Pattern.compile("`[^`\n]+`");
    private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");

    private static final String ORIGINAL = read("../README.md");
    private static final String TRANSLATION = read("../README.zh-CN.md");

    @Test
    void codeBlocks_areThoseOfTheOriginal() {
        assertThat(groups(BLOCK, ORIGINAL)).hasSizeGreaterThan(4);
        assertThat(groups(BLOCK, TRANSLATION)).isEqualTo(groups(BLOCK, ORIGINAL));
    }

    /** In any order: a sentence of another language has another one. */
    @Test
    void inlineCode_isThatOfTheOriginal() {
        assertThat(groups(CODE, outsideOfBlocks(TRANSLATION))).containsAll(groups(CODE, outsideOfBlocks(ORIGINAL)));
    }

    @Test
    void links_areThoseOfTheOriginal_butForTheOneToTheOther() {
        assertThat(links(TRANSLATION, "README.md")).containsExactlyElementsOf(links(ORIGINAL, "README.zh-CN.md"));
        assertThat(groups(LINK, ORIGINAL)).contains("README.zh-CN.md");
        assertThat(groups(LINK, TRANSLATION)).contains("README.md");
    }

    @Test
    void sections_areAsMany() {
        Pattern heading = Pattern.compile("(?m)^#+ ");
        assertThat(groups(heading, outsideOfBlocks(TRANSLATION))).isEqualTo(groups(heading, outsideOfBlocks(ORIGINAL)));
    }

    private static List<String> links(String page, String except) {
        return groups(LINK, page).stream().filter(link -> !link.equals(except)).toList();
    }

    private static String outsideOfBlocks(String page) {
        return BLOCK.matcher(page).replaceAll("");
    }

    private static List<String> groups(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult found) -> found.group(found.groupCount()))
                .toList();
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new AssertionError(file, e);
        }
    }
}
