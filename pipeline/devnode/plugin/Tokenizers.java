package newsline.devnode;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.path.PathHierarchyTokenizer;
import org.apache.lucene.analysis.path.ReversePathHierarchyTokenizer;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/** Tokenizers beside `standard`, which is in the node itself. */
final class Tokenizers {
    private static final int LONGEST_TOKEN = 255;
    private static final int BUFFER = 256;
    private static final int PATH_BUFFER = 1024;

    static final List<PreConfiguredTokenizer> READY =
            List.of(
                    PreConfiguredTokenizer.singleton("keyword", KeywordTokenizer::new),
                    PreConfiguredTokenizer.singleton("whitespace", WhitespaceTokenizer::new),
                    PreConfiguredTokenizer.singleton("uax_url_email", UAX29URLEmailTokenizer::new),
                    PreConfiguredTokenizer.singleton(
                            "path_hierarchy", PathHierarchyTokenizer::new));

    static final Map<String, AnalysisProvider<TokenizerFactory>> CONFIGURABLE =
            Map.of(
                    "keyword", provider(Tokenizers::keyword),
                    "whitespace", provider(Tokenizers::whitespace),
                    "pattern", provider(Tokenizers::pattern),
                    "uax_url_email", provider(Tokenizers::urlEmail),
                    "path_hierarchy", provider(Tokenizers::pathHierarchy));

    private Tokenizers() {}

    private static AnalysisProvider<TokenizerFactory> provider(
            Function<Settings, Supplier<Tokenizer>> recipe) {
        return (index, env, name, settings) ->
                TokenizerFactory.newFactory(name, recipe.apply(settings));
    }

    private static Supplier<Tokenizer> keyword(Settings settings) {
        int buffer = settings.getAsInt("buffer_size", BUFFER);
        return () -> new KeywordTokenizer(buffer);
    }

    private static Supplier<Tokenizer> whitespace(Settings settings) {
        int longest = settings.getAsInt("max_token_length", LONGEST_TOKEN);
        return () -> new WhitespaceTokenizer(longest);
    }

    private static Supplier<Tokenizer> pattern(Settings settings) {
        String written = settings.get("pattern", "\\W+");
        Pattern compiled = Regex.compile(written, settings.get("flags"));
        int group = settings.getAsInt("group", -1);
        return () -> new PatternTokenizer(compiled, group);
    }

    private static Supplier<Tokenizer> urlEmail(Settings settings) {
        int longest = settings.getAsInt("max_token_length", LONGEST_TOKEN);
        return () -> {
            UAX29URLEmailTokenizer tokenizer = new UAX29URLEmailTokenizer();
            tokenizer.setMaxTokenLength(longest);
            return tokenizer;
        };
    }

    private static Supplier<Tokenizer> pathHierarchy(Settings settings) {
        char delimiter = oneChar(settings, "delimiter", PathHierarchyTokenizer.DEFAULT_DELIMITER);
        char replacement = oneChar(settings, "replacement", delimiter);
        int buffer = settings.getAsInt("buffer_size", PATH_BUFFER);
        int skip = settings.getAsInt("skip", PathHierarchyTokenizer.DEFAULT_SKIP);
        if (settings.getAsBoolean("reverse", false)) {
            return () -> new ReversePathHierarchyTokenizer(buffer, delimiter, replacement, skip);
        }
        return () -> new PathHierarchyTokenizer(buffer, delimiter, replacement, skip);
    }

    private static char oneChar(Settings settings, String key, char otherwise) {
        String given = settings.get(key);
        if (given == null) {
            return otherwise;
        }
        if (given.length() != 1) {
            throw new IllegalArgumentException(key + " must be a one char value");
        }
        return given.charAt(0);
    }
}
