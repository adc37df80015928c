/* The words that shapes are made of, by their letters (words.h).
 *
 * The table is what there is to read here. At the start it becomes a hash by the first bytes, each
 * chain sorted longest first, so that 不合格 is found before 合格.
 */
#include "verdict/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* clang-format off */
static const struct {
    char letter;
    const char *words; /* lower case, divided by |; the longest that fits holds */
} table[] = {
    /* 合格 */
    {'P', "合格|检验合格|判定合格|达标"},
    /* pass */
    {'p', "pass|passed|passes"},
    /* 通过 */
    {'t', "通过|通過|已通过|通过了|符合要求|满足要求"},
    /* 成功 */
    {'s', "成功|success|successful|succeeded"},
    /* OK: devices say it too */
    {'o', "ok|okay|good"},
    /* no */
    {'F', "不合格|非合格|未合格|不良|不达标|未达标|不符合|未通过|未通過|不通过|不通過|没通过|"
          "不符合要求|不满足要求|没有通过|未能通过|未全部通过|没有全部通过|未全部合格|并非全部通过|不全部通过|nok|"
          "not ok|n.g|not pass|not passed|did not pass|didn't pass|has not passed"},
    /* no, or some operation failed */
    {'f', "unsuccessful|ng|fail|failed|fails|失败|失敗"},
    /* how many failed, or what failed */
    {'j', "failure|failures"},
    /* errors */
    {'e', "error|errors|错误"},
    /* a person must decide */
    {'U', "待判定|待判断|待定|待确认|待复核|待人工判定|待人工确认|未判定|无法判定|无法判断|"
          "不确定|人工判定|需人工判定|需要人工判定|需人工确认|需要人工确认|请人工判定|"
          "请人工确认|未测试|未执行|inconclusive|inconc|pending|undetermined|"
          "to be determined|tbd|unknown|not run|n/a|blocked"},
    /* counted beside verdicts, proving nothing */
    {'k', "skip|skips|skipped|xfailed|xpassed|deselected|rerun|warning|warnings|ignored|"
          "disabled|expected failures|跳过|警告|忽略"},
    /* what labels a verdict */
    {'L', "结果|結果|结论|合格判定|結論|判定|评定|判断|评价|总评|result|results|verdict|"
          "conclusion|judgement|judgment|judge|outcome|判定为"},
    /* what may be a label */
    {'K', "status|状态"},
    /* the whole */
    {'O', "overall|final|finally|最终|最后|总体|整体|综合|总"},
    /* what is tested */
    {'q', "本次|本轮|此次|测试|測試|检测|检验|试验|验证|复测|重测|功能|产品|样件|样品|被测件|"
          "汇总|统计|test|testing|summary"},
    /* runs */
    {'a', "执行|循环|运行|execution|run"},
    /* the whole, or parts of it */
    {'S', "用例|本用例|此用例|该用例|测试用例|脚本|测试脚本|套件|case|cases|examples|testcase|testcases|tests|"
          "suite|script|scenario|scenarios|feature|features"},
    /* parts */
    {'C', "步骤|指标|测试步骤|测试组|测试项|测试项目|检查|检查项|检测项|项目|组|step|steps|"
          "item|items|check|checks|group|groups|assertion|assertions"},
    /* ended */
    {'D', "finished|complete|completed|done|ended|end|完成|结束|完毕"},
    /* all */
    {'A', "all|every|everything|both|全部|各项|各|所有|均|全|都"},
    /* not all */
    {'B', "not all"},
    /* how many there are */
    {'T', "total|tests run|ran|executed|总数|总计|合计|总共|总测试|测试总数|用例总数|共|共计|"
          "总数量|总次数"},
    /* how many */
    {'c', "数|列表|清单|数量|次数|个数|项数|项|个|条|次|例|件|count|counts|number|num"},
    /* there are */
    {'X', "存在|有|中有|其中有|发现|检测到|检出|部分|出现|包含|some|there are|there were|one or more|at least one|"
          "found"},
    /* there are none */
    {'n', "no|none|without|zero|无|没有|未发现|未检测到|未检出|不存在|未出现"},
    /* fillers */
    {'m', "为|顺利|完全|如下|的|out of|了|已|is|was|are|were|has|have|been|the|this|of|with|"
          "in|took|耗时|用时|duration|time|elapsed|successfully"},
    /* answers */
    {'y', "是|yes"},
    {'z', "否"},
    {'Y', "true"},
    {'Z', "false"},
    /* a question */
    {'H', "是否|whether"},
    {'/', "or|或|或者|还是"},
    {',', "and"},
    /* what should come */
    {'E', "预期|预期结果|期望|期望结果|期望值|预期值|expect|expects|expected|expected result|"
          "expected to|expecting"},
    /* what devices answer */
    {'I', "收到|返回|应答|响应|回复|reply|response|received"},
    /* prose: a line with one of these decides nothing */
    {'N', "如果|如|若|假如|否则|则|直到|不是|并非|未失败|没失败|上次|上一次|上轮|之前|历史|重试|"
          "判定标准|判据|准则|判定条件|判定依据|图例|示例|例如|请选择|请输入|请判断|请确认|if|when|"
          "unless|until|otherwise|previous|previously|last|retry|retrying|retried|again|attempt|"
          "criteria|criterion|legend|example|e.g|not failed|did not fail|not fail|合格标准|"
          "合格范围|合格判据|合格条件|通过标准|通过条件"},
    /* prose, unless the verdict stands apart from it */
    {'h', "当|应|应该|应报|应为|应判|应显示|视为|应当|将|标准|标准值|条件|规则|要求|技术要求|说明|"
          "定义|可能|依据|请重试|请重新测试|should|shall|must|would|could|may|might|will|usage|"
          "enter|please|please retry|please try again|select|choose|press|type"},
    /* rates */
    {'r', "合格率|合格品率|不合格率|不合格品率|失败率|通过率|成功率|pass rate|fail rate|"
          "failure rate|success rate|error rate"},
    /* nouns that hold a verdict word */
    {'x', "合格证|合格品|不合格品|不合格原因|不合格品数|失败原因|有效|无效|异常|误差|故障|"
          "pass filter|fail to|failed to|fails to|pass the|pass to|pass through|fail safe|"
          "fail over"},
};
/* clang-format on */

static unsigned hash_of(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned hash = p[0] >= 0x80 && len >= 3 ? p[0] * 961U + p[1] * 31U + p[2]
                                             : p[0] * 31U + (len > 1 ? p[1] : 0U);
    return hash % VOCABULARY_CHAINS;
}

static bool is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

int vocabulary_init(struct vocabulary *vocabulary)
{
    memset(vocabulary, 0, sizeof *vocabulary);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (const char *p = table[i].words; p; p = strchr(p + 1, '|'))
            count++;
    vocabulary->entries = calloc(count, sizeof *vocabulary->entries);
    if (!vocabulary->entries)
        return -1;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (const char *text = table[i].words; *text;) {
            size_t len = strcspn(text, "|");
            MU_ASSERT(at < count && len > 0 && len < 64);
            struct vocabulary_entry *entry = &vocabulary->entries[at++];
            struct vocabulary_entry **link = &vocabulary->chains[hash_of(text, len)];
            while (*link && (*link)->len >= len)
                link = &(*link)->next;
            *entry = (struct vocabulary_entry){text, len, table[i].letter, *link};
            *link = entry;
            text += len + (text[len] == '|');
        }
    }
    return 0;
}

void vocabulary_release(struct vocabulary *vocabulary)
{
    free(vocabulary->entries);
    vocabulary->entries = NULL;
}

size_t vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t len,
                       char *ret_letter)
{
    for (const struct vocabulary_entry *e = vocabulary->chains[hash_of(text, len)]; e; e = e->next)
        if (e->len <= len && memcmp(e->text, text, e->len) == 0 &&
            (e->len == len || !is_word_char(text[e->len - 1]) || !is_word_char(text[e->len]))) {
            *ret_letter = e->letter;
            return e->len;
        }
    return 0;
}
