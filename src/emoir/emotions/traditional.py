"""Traditional Chinese: the characters of our words as they are written in Taiwan, Hong Kong and older texts."""

from __future__ import annotations

# Simplified, then what traditional writing has for it. Only characters that occur in the lexicon, in the words that
# modify and negate, and in those for things and colours; where traditional writing keeps two apart, both lead to the
# one that we have.
_PAIRS = """
万萬 与與 丑醜 丝絲 严嚴 丧喪 个個 丽麗 为為 么麼 义義 乐樂 乡鄉 乱亂 亲親 仅僅 从從 仪儀 会會 优優 伟偉 伤傷 伦倫 伪偽
体體 倾傾 关關 兴興 冲衝 净淨 凄淒 凄悽 凉涼 几幾 凶兇 别別 剑劍 剧劇 动動 励勵 势勢 华華 单單 却卻 压壓 厌厭 厉厲 发發
叹嘆 叹歎 后後 吊弔 吓嚇 听聽 呆獃 呕嘔 嚣囂 团團 图圖 圆圓 圣聖 坏壞 坚堅 壮壯 声聲 复復 复複 头頭 奂奐 奋奮 妒妬 妩嫵
娆嬈 娱娛 宁寧 宁甯 实實 宠寵 对對 寻尋 尴尷 岁歲 带帶 并並 庄莊 庆慶 废廢 开開 异異 弃棄 张張 强強 当當 忆憶 忧憂 忾愾
怀懷 态態 怅悵 怆愴 怜憐 恋戀 恒恆 恶惡 恸慟 恼惱 悦悅 悬懸 悯憫 惊驚 惧懼 惨慘 惫憊 惬愜 愤憤 懑懣 懒懶 戏戲 战戰 扬揚
护護 担擔 挂掛 挚摯 敌敵 斗鬥 断斷 无無 旧舊 旷曠 昵暱 晕暈 暖煖 暧曖 朴樸 机機 杀殺 条條 极極 松鬆 栗慄 梦夢 横橫 欢歡
欲慾 残殘 气氣 没沒 沧滄 泪淚 泼潑 洁潔 洒灑 测測 浑渾 润潤 涨漲 涩澀 温溫 满滿 漓灕 灭滅 灵靈 灾災 灿燦 点點 炽熾 烂爛
烟煙 烦煩 烧燒 热熱 爱愛 牵牽 狞獰 独獨 狰猙 现現 琐瑣 画畫 畅暢 疗療 疯瘋 痒癢 痴癡 着著 秘祕 祸禍 禅禪 离離 种種 积積
称稱 秽穢 稳穩 简簡 紧緊 红紅 约約 级級 纯純 纳納 纷紛 细細 经經 结結 给給 绚絢 绝絕 绪緒 绵綿 绻綣 缅緬 缈緲 缓緩 缠纏
缤繽 缥縹 缱繾 羡羨 翘翹 耻恥 肃肅 肠腸 肮骯 胁脅 胆膽 胧朧 脏髒 脏臟 脱脫 脸臉 腻膩 腼靦 腾騰 舍捨 艳艷 艳豔 艺藝 芜蕪
苍蒼 荡蕩 荣榮 萧蕭 蔼藹 虑慮 虚虛 衅釁 观觀 视視 觉覺 触觸 讨討 让讓 议議 讶訝 许許 讽諷 试試 诗詩 诙詼 诚誠 诞誕 诡詭
详詳 诧詫 语語 诱誘 调調 谈談 谐諧 谑謔 谧謐 谬謬 谲譎 负負 责責 败敗 质質 贴貼 赏賞 赖賴 赞贊 赞讚 跃躍 轮輪 软軟 轻輕
较較 辽遼 过過 迈邁 远遠 这這 适適 遗遺 遥遙 郁鬱 采採 释釋 里裡 里裏 钦欽 错錯 镇鎮 闭閉 闲閒 闲閑 闷悶 闹鬧 闻聞 阂閡
阔闊 阴陰 险險 隐隱 难難 静靜 韧韌 顽頑 颓頹 颜顏 风風 飘飄 飞飛 饱飽 骄驕 骇駭 鲜鮮 麻痲 齿齒 龊齪 龌齷
向嚮 愈癒 致緻 沉沈
为爲 乌烏 书書 仓倉 伞傘 伪僞 儿兒 兽獸 内內 军軍 农農 冲沖 凯凱 击擊 别彆 办辦 千韆 厅廳 厕廁 发髮 只隻 台臺 台檯 台颱
叶葉 号號 员員 喷噴 回迴 团糰 困睏 围圍 场場 坛壇 坛罈 坝壩 墙牆 壳殼 壶壺 妆妝 婴嬰 宝寶 宫宮 家傢 导導 尔爾 尘塵 布佈
帐帳 帜幟 幸倖 庙廟 弦絃 弹彈 彩綵 志誌 念唸 恶噁 戚慼 户戶 托託 扫掃 摇搖 时時 昆崑 暗闇 枪槍 柜櫃 柠檸 栅柵 标標 栏欄
树樹 桥橋 楼樓 榄欖 汉漢 汤湯 注註 浅淺 滩灘 潜潛 澜瀾 灯燈 炉爐 烛燭 烟菸 狮獅 狱獄 猎獵 猪豬 猫貓 猬蝟 獭獺 电電 监監
盘盤 码碼 礼禮 秃禿 秋鞦 竖豎 笔筆 筑築 篮籃 篱籬 类類 纫紉 绒絨 绿綠 缝縫 网網 脉脈 脑腦 舰艦 苹蘋 荡盪 萝蘿 萨薩 蓝藍
虫蟲 虾蝦 蚁蟻 蚂螞 蜗蝸 蜡蠟 蝇蠅 蝉蟬 蝎蠍 蝾蠑 表錶 衬襯 袜襪 装裝 裤褲 计計 记記 诊診 话話 谷穀 贝貝 货貨 购購 车車
轨軌 转轉 轿轎 辆輛 运運 酸痠 针針 钉釘 钟鍾 钟鐘 钢鋼 钱錢 铅鉛 铠鎧 铲鏟 银銀 链鏈 锅鍋 键鍵 镜鏡 长長 门門 间間 阳陽
雕鵰 面麪 顶頂 项項 领領 饭飯 饮飲 饰飾 饼餅 馅餡 馆館 马馬 驼駝 骆駱 鱼魚 鲨鯊 鲸鯨 鳄鱷 鳐鰩 鸟鳥 鸡雞 鸣鳴 鸥鷗 鸭鴨
鸵鴕 鹅鵝 鹈鵜 鹉鵡 鹊鵲 鹌鵪 鹑鶉 鹕鶘 鹦鸚 鹫鷲 鹭鷺 鹰鷹 鹳鸛 麦麥 黄黃 鼹鼴 龙龍 龟龜 墙墻 馆舘 鸡鷄 鳄鰐
"""
TO_SIMPLIFIED = {ord(pair[1]): pair[0] for pair in _PAIRS.split() if pair[0] != pair[1]}
"""For ``str.translate``."""


def simplified(text: str) -> str:
    """A text with the traditional characters that our words know replaced by simplified ones.

    Example:
        >>> simplified("寧靜而憂鬱的夜")
        '宁静而忧郁的夜'
    """
    return text.translate(TO_SIMPLIFIED)
